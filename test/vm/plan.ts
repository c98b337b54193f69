// SPDX-License-Identifier: Apache-2.0
import type { SmallFault } from './soak/storm.ts';

/** What the tests ask of a test machine, and what comes back: the only things that cross the border, as JSON. */

export type Dispatch = 'hybrid' | 'kernel' | 'strict';

export interface Machine {
  readonly kernel: '7' | '6.12';
  readonly cpus: 1 | 2 | 4;
}

/** One scenario of a run. */
export interface Request {
  /** name of the function in guest/scenarios */
  readonly scenario: string;
  readonly dispatch: Dispatch;
  /** another BPF object than the built one; relative to the root of the tree */
  readonly object?: string;
  /** seconds of guest time the load is measured; each scenario has its own default */
  readonly seconds?: number;
  /** of a storm: what happens in it */
  readonly storm?: { readonly seed: number; readonly faults: readonly SmallFault[] };
}

/** One task that never sleeps. Times in ms of the guest's clock. */
export interface HogReport {
  readonly name: string;
  readonly work: number;
  /** the longest time that it did not run */
  readonly maxGapMs: number;
  readonly cpuMs: number;
  readonly waitMs: number;
  readonly wallMs: number;
}

/** One task that mostly sleeps: how late its wakeups were. */
export interface SleeperReport {
  readonly name: string;
  readonly wakeups: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly data?: Readonly<Record<string, number>>;
  readonly scheduler?: Readonly<Record<string, number>>;
  readonly [field: string]: unknown;
}

/** The kernel's side of it, before and after the load. */
export interface KernelView {
  readonly state: string;
  readonly ops: string;
  /** schedulers enabled since boot: the same number before and after means that nobody was thrown out */
  readonly enableSeq: number;
}

export interface Measured {
  readonly before?: KernelView;
  readonly after?: KernelView;
  readonly hogs?: readonly HogReport[];
  readonly sleepers?: readonly SleeperReport[];
  /** the last counters that the scheduler wrote into its log */
  readonly counters?: Readonly<Record<string, number>>;
  /** the longest `silence_ms` of all of its log lines */
  readonly maxSilenceMs?: number;
  /** status and output of programs that ended */
  readonly exits?: readonly { readonly code: number | null; readonly log: string }[];
  /** why this kernel cannot play it; the expectation says which reasons count */
  readonly skipped?: string;
  /** anything else, by name */
  readonly values?: Readonly<Record<string, number>>;
}

export interface Outcome {
  readonly request: Request;
  readonly cpus: number;
  readonly measured: Measured;
  /** why the scenario itself could not be carried out */
  readonly error?: string;
  /** lines of the kernel's log that must not be there */
  readonly complaints: readonly string[];
  /** of the scheduler, as it was written */
  readonly log: readonly string[];
  /** of the guest's clock */
  readonly tookMs: number;
}

export const OUTCOME_MARK = '@outcome ';
