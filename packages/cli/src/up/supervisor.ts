// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { afterEnd, type ProcessName } from './restart-plan.ts';

/** How long one may take to end before it is killed. */
const END_LIMIT_MS = 20_000;

export interface SupervisorOptions {
  /** In the order of their starts; they end the other way round. */
  readonly processes: readonly { readonly name: ProcessName; readonly args: readonly string[] }[];
  /** Resolves when the next one may start. */
  readonly ready: (name: ProcessName, signal: AbortSignal) => Promise<void>;
  readonly onLine: (name: ProcessName, line: string) => void;
  readonly say: (sentence: string) => void;
  /** Aborted when everything is to end. */
  readonly signal: AbortSignal;
  /** Aborted when it is to end at once. */
  readonly now: AbortSignal;
  readonly start?: typeof startChild;
}

async function end(child: Child, now: AbortSignal): Promise<void> {
  child.stop();
  const done = new AbortController();
  const late = sleep(END_LIMIT_MS, undefined, { signal: AbortSignal.any([done.signal, now]) }).then(
    () => child.kill(),
    () => {
      if (now.aborted) child.kill();
    },
  );
  await child.ended;
  done.abort();
  await late;
}

/** Keeps the processes running until the signal, or until one of them fails for good. Returns the exit code. */
export async function supervise(options: SupervisorOptions): Promise<number> {
  const { processes, ready, onLine, say, signal, now, start = startChild } = options;
  const failed = new AbortController();
  const over = AbortSignal.any([signal, failed.signal]);
  const running = new Map<ProcessName, Child>();

  async function keep(name: ProcessName, args: readonly string[]): Promise<void> {
    for (let failures = 0; !over.aborted; ) {
      const child = start(name, args, (line) => onLine(name, line));
      running.set(name, child);
      const { code, signal: by } = await child.ended;
      running.delete(name);
      if (over.aborted) return;
      const livedMs = performance.now() - child.startedAt;
      const step = afterEnd({ name, code, signal: by, livedMs, failuresBefore: failures });
      say(step.sentence);
      if (step.act === 'leave') return;
      if (step.act === 'end') {
        failed.abort();
        return;
      }
      failures = step.failures;
      await sleep(step.pauseSeconds * 1000, undefined, { signal: over }).catch(() => {});
    }
  }

  const kept: Promise<void>[] = [];
  for (const { name, args } of processes) {
    if (over.aborted) break;
    kept.push(keep(name, args));
    await ready(name, over);
  }
  await new Promise<void>((resolve) => {
    if (over.aborted) resolve();
    else over.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const { name } of [...processes].reverse()) {
    const child = running.get(name);
    if (child !== undefined) await end(child, now);
  }
  await Promise.all(kept);
  return failed.signal.aborted ? 1 : 0;
}
