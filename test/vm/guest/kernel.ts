// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KernelView } from '../plan.ts';
import { Patience } from './patience.ts';

const ROOT = '/sys/kernel/sched_ext';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

export function kernelView(): KernelView {
  return { state: read(`${ROOT}/state`), ops: read(`${ROOT}/root/ops`), enableSeq: Number(read(`${ROOT}/enable_seq`)) };
}

/** Resolves with the ms it took until `state` was that one, or with null after `limitMs`. */
export async function untilState(state: string, limitMs: number): Promise<number | null> {
  const patience = new Patience(limitMs);
  while (read(`${ROOT}/state`) !== state) {
    if (patience.isOver()) return null;
    await sleep(10);
  }
  return patience.elapsedMs;
}

/**
 * Resolves with the ms it took until a scheduler was enabled that was not yet when `enableSeq` was read, or with null
 * after `limitMs`.
 */
export async function untilInForceAgain(enableSeq: number, limitMs: number): Promise<number | null> {
  const patience = new Patience(limitMs);
  for (;;) {
    const view = kernelView();
    if (view.state === 'enabled' && view.enableSeq > enableSeq) return patience.elapsedMs;
    if (patience.isOver()) return null;
    await sleep(50);
  }
}

/** What no scheduler may cause: a task that waits for good, an ejection, a kernel that is not well. */
const COMPLAINT =
  /runnable task stall|sched_ext: BPF scheduler .* disabled \((?!unregistered)|\bBUG:|\bWARNING:|Oops|rcu.*stall|soft lockup|blocked for more than|verifier/i;

/**
 * What was said after the mark. Its buffer is a ring: without the mark, messages are lost, and that is a complaint too.
 * @param said all lines, oldest first
 */
export function complaintsAfter(mark: string, said: readonly string[]): string[] {
  const at = said.findLastIndex((line) => line.endsWith(mark));
  const lost = at < 0 ? [`${mark}: the messages right after it are lost`] : [];
  return [...lost, ...said.slice(at + 1).filter((line) => COMPLAINT.test(line))];
}

/** The kernel's messages from one moment on. */
export class KernelLog {
  #marks = 0;

  #text(): string {
    return `mark ${this.#marks} of the test`;
  }

  mark(): void {
    this.#marks++;
    writeFileSync('/dev/kmsg', this.#text());
  }

  complaints(): string[] {
    const said = execFileSync('dmesg', { encoding: 'utf8', maxBuffer: 1 << 24 })
      .trimEnd()
      .split('\n');
    return complaintsAfter(this.#text(), said);
  }
}
