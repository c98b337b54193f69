// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads';
import type { PolicySource } from '../policies/policy-file.ts';
import { type PolicyModule, textOf } from '../policies/policy-module.ts';
import { POLICY_THREAD_LIMITS } from '../process/policy-memory.ts';
import { threadCpuMs } from '../process/thread-cpu.ts';
import { builtInRecording } from '../trace/read-trace.ts';
import { type TrialLimits, USUAL_LIMITS } from './limits.ts';
import type { TrialReport } from './report.ts';
import { isTrialMessage, type TrialWorkerData } from './trial-message.ts';

export interface TrialOptions {
  readonly source: PolicySource;
  /** Instead of the recording that comes with the program. */
  readonly traces?: readonly string[];
  /** What the running scheduler records; empty for none. */
  readonly liveTrace?: string;
  readonly limits?: TrialLimits;
  /** A line that the policy prints. */
  readonly onPrinted?: (line: string) => void;
  /** Lines that are passed on, of a policy that prints more. */
  readonly linesASecond?: number;
  /** Ends the trial; it counts as failed. */
  readonly signal?: AbortSignal;
}

export type TrialResult =
  | {
      readonly passed: true;
      readonly module: PolicyModule;
      readonly report: TrialReport;
      readonly notes: readonly string[];
    }
  | {
      readonly passed: false;
      readonly reason: string;
      /** The machine may have been to blame, and another trial of the same text may end otherwise. */
      readonly machine?: true;
    };

/** In a log. */
const LINES_A_SECOND = 20;
const CHECK_MS = 100;
/** Until the first sign of life: reading recordings, and the built-in policy. */
const START_MS = 60_000;
/** A thread that did not get a CPU is not one that does not return. */
const BUSY_SHARE = 0.2;
/** A thread that sleeps does not return either. */
const BLOCKED_TIMES = 4;

const workerUrl = new URL(import.meta.url.endsWith('.ts') ? './trial-worker.ts' : './trial-worker.js', import.meta.url);

/** What a thread that died says, for the author of a policy. Anything can be thrown, and null too. */
function deathOf(error: unknown): string {
  if ((error as { code?: unknown } | null | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return `needs more than ${POLICY_THREAD_LIMITS.maxOldGenerationSizeMb} MB of memory`;
  return `ended its thread: ${error instanceof Error ? error.message : textOf(error)}`;
}

/** Tries a policy on recorded batches, in a thread of its own. Never rejects. */
export function runTrial(options: TrialOptions): Promise<TrialResult> {
  const { source, signal } = options;
  return new Promise((resolve) => {
    const failed = (reason: string, machine = false): void =>
      finish({ passed: false, reason, ...(machine ? { machine } : {}) });
    const reached = new Int32Array(new SharedArrayBuffer(4));
    let worker: Worker;
    try {
      const traces = options.traces ?? [builtInRecording()];
      const { liveTrace = '', limits = USUAL_LIMITS, linesASecond = LINES_A_SECOND } = options;
      const workerData: TrialWorkerData = { source, traces, liveTrace, limits, linesASecond, reached };
      worker = new Worker(workerUrl, { workerData, resourceLimits: POLICY_THREAD_LIMITS, name: 'policy-trial' });
    } catch (error) {
      // Without memory or threads, for one.
      resolve({ passed: false, reason: `the trial did not begin: ${textOf(error)}`, machine: true });
      return;
    }
    let tid = 0;
    let doing = 'start';
    let silentMs = START_MS;
    let heardAt = performance.now();
    let cpuAtHeard = 0;

    worker.on('message', (message: unknown) => {
      if (!isTrialMessage(message)) return;
      if (message.kind === 'printed') return options.onPrinted?.(message.line);
      heardAt = performance.now();
      if (message.kind === 'started') tid = message.tid;
      cpuAtHeard = threadCpuMs(tid);
      if (message.kind === 'alive') ({ doing, silentMs } = message);
      if (message.kind === 'passed') {
        const { module, report, notes } = message;
        finish({ passed: true, module, report, notes });
      }
      if (message.kind === 'failed') failed(message.reason, message.machine);
    });
    /** Before the policy is loaded nothing is its fault. */
    const who = (): string => (reached[0] === 0 ? 'the trial did not get as far as the policy' : source.file);
    worker.on('error', (error) => failed(`${who()}: ${deathOf(error)}`, reached[0] === 0));
    worker.on('exit', (code) => failed(`${who()}: ended its thread with code ${code}`, reached[0] === 0));
    const check = setInterval(() => {
      const silent = performance.now() - heardAt;
      const busy = threadCpuMs(tid) - cpuAtHeard;
      if ((silent > silentMs && busy > silentMs * BUSY_SHARE) || silent > silentMs * BLOCKED_TIMES)
        failed(`${who()}: did not return from ${doing} within ${(silent / 1000).toFixed(1)} s`, true);
    }, CHECK_MS);
    const onAbort = (): void => failed('the trial was broken off');
    signal?.addEventListener('abort', onAbort);

    function finish(result: TrialResult): void {
      clearInterval(check);
      signal?.removeEventListener('abort', onAbort);
      worker.removeAllListeners();
      worker.on('error', () => {});
      void worker.terminate().then(() => resolve(result));
    }
    if (signal?.aborted) onAbort();
  });
}
