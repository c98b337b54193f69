// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads';
import { BpfError, wakeRing } from '@gthulhu/bpf';
import { describeThrown, textOf } from '../policies/policy-module.ts';
import { type Cells, makeCells, WORKER_CELL } from './cells.ts';
import { POLICY_THREAD_LIMITS } from './policy-memory.ts';
import {
  isPolicyWorkerMessage,
  type PolicyWorkerData,
  type PolicyWorkerMessage,
  TAKE_OVER,
} from './policy-worker-data.ts';
import { threadCpuMs } from './thread-cpu.ts';

/** A thread that was asked to end and is silent for so long is ended. */
const END_MS = 1000;

export type PolicyThreadData = Omit<PolicyWorkerData, 'ownCells' | 'takesOver'>;

export interface PolicyThreadEvents {
  /** It could decide, if it were told to. Only where it takes over. */
  onWarm(): void;
  onReady(policy: string): void;
  onUnrecorded(reason: string): void;
  onPrinted(line: string): void;
  /** It is gone, or does not answer, without having been asked to end. */
  onFailed(reason: string): void;
}

/** Ends the worker's wait. It may have seen that it is to stop by itself, and closed its ring. */
function wake(fd: number): void {
  try {
    wakeRing(fd);
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== 'ERR_BPF_ARGUMENT') throw error;
  }
}

/** One thread with one policy, from its start to its end. */
export class PolicyThread {
  readonly data: PolicyThreadData;
  readonly startedAt = performance.now();
  readonly #worker: Worker;
  readonly #own: Cells = makeCells();
  readonly #events: PolicyThreadEvents;
  #wakeFd = -1;
  #tid = 0;
  #over = false;
  #ended: () => void = () => {};

  constructor(url: URL, data: PolicyThreadData, takesOver: boolean, events: PolicyThreadEvents) {
    this.data = data;
    this.#events = events;
    const workerData: PolicyWorkerData = { ...data, ownCells: this.#own, takesOver };
    this.#worker = new Worker(url, { workerData, resourceLimits: POLICY_THREAD_LIMITS, name: 'policy' });
    this.#worker.on('message', (message: unknown) => {
      if (isPolicyWorkerMessage(message)) this.#hear(message);
    });
    this.#worker.on('error', (error) => this.#fail(`it failed: ${this.#say(error)}`));
    this.#worker.on('exit', (code) => {
      this.#ended();
      this.#fail(`its thread ended with code ${code}`);
    });
  }

  /** When it last came round, CLOCK_MONOTONIC ns; 0 before it has loaded its policy. */
  get beatNs(): number {
    return this.#own[WORKER_CELL.beatNs];
  }

  get cpuMs(): number {
    return threadCpuMs(this.#tid);
  }

  #hear(message: PolicyWorkerMessage): void {
    switch (message.state) {
      case 'loaded':
        this.#wakeFd = message.wakeFd;
        this.#tid = message.tid;
        break;
      case 'ended':
        this.#wakeFd = -1;
        this.#ended();
        break;
      case 'unrecorded':
        this.#events.onUnrecorded(message.reason);
        break;
      case 'printed':
        this.#events.onPrinted(message.line);
        break;
      case 'warm':
        if (!this.#over) this.#events.onWarm();
        break;
      case 'ready':
        if (!this.#over) this.#events.onReady(message.policy);
        break;
    }
  }

  /** In a policy of one's own the place says more than the message. */
  #say(error: unknown): string {
    const { module } = this.data;
    if (module !== null) return describeThrown(error, module.file);
    return error instanceof Error ? error.message : textOf(error);
  }

  #fail(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.onFailed(reason);
  }

  /** Lets a warm thread decide. */
  takeOver(): void {
    this.#worker.postMessage(TAKE_OVER);
  }

  /** Asks it to end; resolves when it decides no longer, or when its thread is gone. */
  async end(): Promise<void> {
    this.#over = true;
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    this.#own[WORKER_CELL.stop] = 1;
    if (this.#wakeFd >= 0) wake(this.#wakeFd);
    const impatient = setTimeout(() => void this.#worker.terminate(), END_MS);
    await ended;
    clearTimeout(impatient);
  }

  /** Ends the thread at once, whatever it does. */
  kill(): void {
    this.#over = true;
    void this.#worker.terminate();
  }

  /** Resolves when the thread is gone. */
  async gone(): Promise<void> {
    if (this.#worker.threadId < 0) return;
    const exit = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    const impatient = setTimeout(() => void this.#worker.terminate(), END_MS);
    await exit;
    clearTimeout(impatient);
  }
}
