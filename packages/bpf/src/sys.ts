// SPDX-License-Identifier: Apache-2.0
import { native, type SchedAttr } from './addon.ts';
import { BpfError } from './errors.ts';

/** System calls that Node has no door to. Errors: ERR_BPF_SYS with errno; ERR_BPF_NOT_FOUND for a pid that is gone. */
export interface Sys {
  /** `thread`: of one thread (Linux 6.9 or later), else of a process by its leader's pid */
  pidfdOpen(pid: number, options?: { readonly thread?: boolean }): number;
  /** closes a descriptor of pidfdOpen; refuses any other */
  closeFd(fd: number): void;
  /** thread id of the calling thread */
  gettid(): number;
  /** CPU time of the calling thread, ns */
  threadCpuNs(): number;
  /** CLOCK_MONOTONIC, ns */
  monotonicNs(): number;
  /** Blocks this thread until that CLOCK_MONOTONIC time (at most an hour away); returns the clock right after waking, ns. */
  sleepUntil(monotonicNs: number): number;
  /** pid 0: the calling thread */
  schedGetAttr(pid: number): SchedAttr;
  /** Sets what is given and keeps the rest. */
  schedSetAttr(pid: number, change: Partial<SchedAttr>): void;
  /** timer slack of the calling thread, ns; 0 gives the default back */
  prctlTimerSlack(ns: number): void;
  /**
   * Gives back the memory of what the program's own file needed for its start only; what is needed again comes from the
   * page cache. Breakpoints that a debugger has set in the program are lost. Returns the bytes that were looked at.
   */
  releaseProgramPages(): number;
}

export const sys: Sys = Object.freeze({
  pidfdOpen: (pid: number, options: { readonly thread?: boolean } = {}) =>
    native.pidfdOpen(pid, options?.thread ?? false),
  closeFd: (fd: number) => native.closeFd(fd),
  gettid: () => native.gettid(),
  threadCpuNs: () => native.threadCpuNs(),
  monotonicNs: () => native.monotonicNs(),
  sleepUntil: (monotonicNs: number) => native.sleepUntil(monotonicNs),
  schedGetAttr: (pid: number) => native.schedGetAttr(pid),
  schedSetAttr: (pid: number, change: Partial<SchedAttr>) => {
    if (typeof change !== 'object' || change === null)
      throw new BpfError('ERR_BPF_ARGUMENT', 'expected the scheduling attributes to change');
    const a = { ...native.schedGetAttr(pid), ...change };
    native.schedSetAttr(pid, a.policy, a.flags, a.nice, a.priority, a.runtimeNs, a.deadlineNs, a.periodNs);
  },
  prctlTimerSlack: (ns: number) => native.prctlTimerSlack(ns),
  releaseProgramPages: () => native.releaseProgramPages(),
});
