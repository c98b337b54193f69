// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { BpfError, sys, wakeRing } from '@gthulhu/bpf';
import { CELL } from './cells.ts';
import type { PolicyWorkerData, PolicyWorkerMessage } from './policy-worker.ts';

/** A worker that is silent for so long, and used the CPU meanwhile, does not return: it is replaced. */
const SILENCE_MS = 1000;
/** CPU time that tells a worker that does not return from one that does not get a CPU. */
const BUSY_MS = 400;
/** A worker that is silent for so long is replaced, whatever it does. */
const BLOCKED_MS = 10_000;
const CHECK_MS = 250;
/** From the start of a thread to its first beat: loading takes seconds on a slow machine. */
const START_GRACE_MS = 60_000;
/** A policy of one's own that fails so often within a minute gives way to the built-in one. */
const FAILURES_A_MINUTE = 3;
/** Between two starts once they follow each other too fast. */
const SLOW_RESTART_MS = 5000;
const MINUTE_MS = 60_000;

/** The policy thread needs little: a bigger heap would only hide a leak. */
const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };

export interface PolicyHost {
  /** Workers replaced since start. */
  readonly restarts: number;
  /** Resolves when the first worker decides, or when it is too late to wait for it. */
  readonly ready: Promise<void>;
  /** Ends the worker; resolves when its thread is gone. */
  stop(): Promise<void>;
}

export interface PolicyHostOptions {
  readonly data: PolicyWorkerData;
  readonly onReady: (policy: string) => void;
  /** The worker is being replaced, and why. */
  readonly onReplaced: (reason: string) => void;
}

const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './policy-worker.ts' : './policy-worker.js',
  import.meta.url,
);

/** CPU time of one of our threads, ms; 0 where it is gone. */
function threadCpuMs(tid: number): number {
  try {
    return Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}

/** Ends the worker's wait. It may have seen that it is to stop by itself, and closed its ring. */
function wake(fd: number): void {
  try {
    wakeRing(fd);
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== 'ERR_BPF_ARGUMENT') throw error;
  }
}

/** Runs one policy worker at a time and replaces it when it fails or falls silent. The kernel's order serves meanwhile. */
export function startPolicyHost(options: PolicyHostOptions): PolicyHost {
  let { data } = options;
  const { cells } = data;
  let worker: Worker | null = null;
  let wakeFd = -1;
  let startedAt = 0;
  let restarts = 0;
  let stopping = false;
  let failures: number[] = [];
  let restartTimer: NodeJS.Timeout | undefined;
  let lastCheck = performance.now();
  let tid = 0;
  /** CPU time of the worker when it was first found silent. */
  let quietSince: number | null = null;
  let setReady: () => void;
  const ready = new Promise<void>((resolve) => {
    setReady = resolve;
  });

  function start(): void {
    startedAt = performance.now();
    cells[CELL.beatNs] = 0;
    wakeFd = -1;
    const started = new Worker(workerUrl, { workerData: data, resourceLimits: LIMITS, name: 'policy' });
    worker = started;
    started.on('message', (message: PolicyWorkerMessage) => {
      wakeFd = message.wakeFd;
      tid = message.tid;
      if (message.state !== 'ready') return;
      options.onReady(message.policy);
      setReady();
    });
    started.on('error', (error) =>
      replace(started, `it failed: ${error instanceof Error ? error.message : String(error)}`),
    );
    started.on('exit', (code) => replace(started, `its thread ended with code ${code}`));
  }

  function replace(failed: Worker, reason: string): void {
    if (failed !== worker || stopping) return;
    worker = null;
    restarts++;
    setReady();
    failed.removeAllListeners();
    failed.on('error', () => {});
    void failed.terminate();
    const now = performance.now();
    failures = [...failures.filter((at) => now - at < MINUTE_MS), now];
    if (data.policyFile !== '' && failures.length >= FAILURES_A_MINUTE) {
      options.onReplaced(
        `${reason}; ${data.policyFile} failed ${failures.length} times within a minute, the built-in policy takes over`,
      );
      data = { ...data, policyFile: '' };
      failures = [];
    } else {
      options.onReplaced(reason);
    }
    restartTimer = setTimeout(start, failures.length > FAILURES_A_MINUTE ? SLOW_RESTART_MS : 0);
  }

  const check = setInterval(() => {
    const now = performance.now();
    const late = now - lastCheck > 2 * CHECK_MS;
    lastCheck = now;
    // This thread did not run either: the whole process stood still, which is not the policy's fault.
    if (late || worker === null) return;
    const beat = cells[CELL.beatNs];
    if (beat === 0) {
      if (now - startedAt > START_GRACE_MS) replace(worker, `it did not start within ${START_GRACE_MS / 1000} s`);
      return;
    }
    const silentMs = (sys.monotonicNs() - beat) / 1e6;
    if (silentMs < 2 * CHECK_MS) {
      quietSince = null;
      return;
    }
    quietSince ??= threadCpuMs(tid);
    const busyMs = threadCpuMs(tid) - quietSince;
    if ((silentMs > SILENCE_MS && busyMs > BUSY_MS) || silentMs > BLOCKED_MS)
      replace(
        worker,
        `it has been silent for ${Math.round(silentMs)} ms (and used the CPU for ${Math.round(busyMs)} ms)`,
      );
  }, CHECK_MS);

  start();
  return {
    get restarts() {
      return restarts;
    },
    ready,
    async stop() {
      if (stopping) return;
      stopping = true;
      clearInterval(check);
      clearTimeout(restartTimer);
      cells[CELL.stop] = 1;
      const last = worker;
      if (last === null) return;
      const gone = new Promise<void>((resolve) => last.once('exit', () => resolve()));
      if (wakeFd >= 0) wake(wakeFd);
      const impatient = setTimeout(() => void last.terminate(), SILENCE_MS);
      await gone;
      clearTimeout(impatient);
    },
  };
}
