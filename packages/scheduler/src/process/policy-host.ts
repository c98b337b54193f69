// SPDX-License-Identifier: Apache-2.0
import { sys } from '@gthulhu/bpf';
import type { PolicyModule } from '../policies/policy-module.ts';
import { PolicyThread, type PolicyThreadData, type PolicyThreadEvents } from './policy-thread.ts';

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

/** Whoever sees to it that a policy decides. */
export interface PolicyService {
  /** Workers replaced since start, because they failed. */
  readonly restarts: number;
  /** Resolves when the first worker decides, or when it is too late to wait for it. */
  readonly ready: Promise<void>;
  /** Ends the worker; resolves when its thread is gone. */
  stop(): Promise<void>;
}

export interface PolicyHost extends PolicyService {
  /**
   * Another policy: the one that decides goes on until the new one is loaded and warm, then it hands over. No failure
   * is counted. Resolves when the new one decides; rejects where it cannot, and then nothing has changed.
   */
  use(module: PolicyModule): Promise<void>;
}

export interface PolicyHostOptions {
  readonly data: PolicyThreadData;
  readonly onReady: (policy: string) => void;
  /** The worker is being replaced, and why. */
  readonly onReplaced: (reason: string) => void;
  readonly onUnrecorded: (reason: string) => void;
  /** A line by a policy of one's own. */
  readonly onPrinted: (line: string) => void;
  /** The worker's module; tests have others. */
  readonly workerUrl?: URL;
}

const policyWorkerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './policy-worker.ts' : './policy-worker.js',
  import.meta.url,
);

/** A worker that gets ready while another one decides. */
interface Successor {
  readonly thread: PolicyThread;
  readonly data: PolicyThreadData;
  readonly done: () => void;
  readonly failed: (reason: string) => void;
}

/** Lets one policy worker decide at a time and replaces it when it fails or falls silent. The kernel's order serves meanwhile. */
export function startPolicyHost(options: PolicyHostOptions): PolicyHost {
  const url = options.workerUrl ?? policyWorkerUrl;
  let { data } = options;
  let worker: PolicyThread | null = null;
  let successor: Successor | null = null;
  let restarts = 0;
  let stopping = false;
  let failures: number[] = [];
  let restartTimer: NodeJS.Timeout | undefined;
  let lastCheck = performance.now();
  /** CPU time of the worker when it was first found silent. */
  let quietSince: number | null = null;
  let setReady: () => void;
  const ready = new Promise<void>((resolve) => {
    setReady = resolve;
  });

  function start(): void {
    quietSince = null;
    const started: PolicyThread = new PolicyThread(url, data, false, {
      onWarm: () => {},
      onReady: (policy) => {
        options.onReady(policy);
        setReady();
      },
      onUnrecorded: options.onUnrecorded,
      onPrinted: options.onPrinted,
      onFailed: (reason) => replace(started, reason),
    });
    worker = started;
  }

  function replace(failed: PolicyThread, reason: string): void {
    if (failed !== worker || stopping) return;
    worker = null;
    restarts++;
    setReady();
    failed.kill();
    const now = performance.now();
    failures = [...failures.filter((at) => now - at < MINUTE_MS), now];
    const { module } = data;
    if (module !== null && failures.length >= FAILURES_A_MINUTE) {
      options.onReplaced(
        `${reason}; ${module.file} failed ${failures.length} times within a minute, the built-in policy takes over`,
      );
      data = { ...data, module: null };
      failures = [];
    } else {
      options.onReplaced(reason);
    }
    // One that gets ready already does not have to be started.
    if (successor !== null) return;
    restartTimer = setTimeout(start, failures.length > FAILURES_A_MINUTE ? SLOW_RESTART_MS : 0);
  }

  /** Breaks off the way to another policy. */
  function giveUp(next: Successor, reason: string): void {
    if (next !== successor) return;
    successor = null;
    next.thread.kill();
    next.failed(reason);
    clearTimeout(restartTimer);
    if (worker === null && !stopping) start();
  }

  async function handOver(next: Successor): Promise<void> {
    const last = worker;
    worker = null;
    quietSince = null;
    clearTimeout(restartTimer);
    await last?.end();
    // It decides no longer; a timer of its policy must not keep it.
    last?.kill();
    if (next !== successor || stopping) return;
    next.thread.takeOver();
  }

  function use(module: PolicyModule): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (reason: string): void => reject(new Error(reason));
      if (stopping) return failed('the scheduler is ending');
      if (successor !== null) return failed('another policy is on its way');
      const nextData = { ...data, module };
      const events: PolicyThreadEvents = {
        onWarm: () => void handOver(next),
        onReady: (policy) => {
          if (next !== successor) return;
          successor = null;
          worker = next.thread;
          data = nextData;
          failures = [];
          options.onReady(policy);
          setReady();
          next.done();
        },
        onUnrecorded: options.onUnrecorded,
        onPrinted: options.onPrinted,
        onFailed: (reason) => (next === successor ? giveUp(next, reason) : replace(next.thread, reason)),
      };
      const next: Successor = {
        thread: new PolicyThread(url, nextData, true, events),
        data: nextData,
        done: resolve,
        failed,
      };
      successor = next;
    });
  }

  /** Why a worker is to be replaced; null where nothing is wrong. */
  function faultOf(thread: PolicyThread, now: number): string | null {
    const beat = thread.beatNs;
    if (beat === 0)
      return now - thread.startedAt > START_GRACE_MS ? `it did not start within ${START_GRACE_MS / 1000} s` : null;
    const silentMs = (sys.monotonicNs() - beat) / 1e6;
    if (silentMs < 2 * CHECK_MS) {
      quietSince = null;
      return null;
    }
    quietSince ??= thread.cpuMs;
    const busyMs = thread.cpuMs - quietSince;
    return (silentMs > SILENCE_MS && busyMs > BUSY_MS) || silentMs > BLOCKED_MS
      ? `it has been silent for ${Math.round(silentMs)} ms (and used the CPU for ${Math.round(busyMs)} ms)`
      : null;
  }

  const check = setInterval(() => {
    const now = performance.now();
    const late = now - lastCheck > 2 * CHECK_MS;
    lastCheck = now;
    // This thread did not run either: the whole process stood still, which is not the policy's fault.
    if (late) return;
    if (worker !== null) {
      const fault = faultOf(worker, now);
      if (fault !== null) replace(worker, fault);
    }
    if (successor !== null && now - successor.thread.startedAt > START_GRACE_MS)
      giveUp(successor, `it did not start within ${START_GRACE_MS / 1000} s`);
  }, CHECK_MS);

  start();
  return {
    get restarts() {
      return restarts;
    },
    ready,
    use,
    async stop() {
      if (stopping) return;
      stopping = true;
      clearInterval(check);
      clearTimeout(restartTimer);
      const next = successor;
      successor = null;
      next?.thread.kill();
      next?.failed('the scheduler is ending');
      const last = worker;
      if (last !== null) {
        await last.end();
        await last.gone();
      }
      await next?.thread.gone();
    },
  };
}
