// SPDX-License-Identifier: Apache-2.0
import type { Config } from '@gthulhu/contracts';

/** Values of `dispatch_mode` in the BPF object. */
export const DISPATCH_MODE = { kernel: 0, hybrid: 1, strict: 2 } as const satisfies Record<
  Config['scheduler']['dispatch'],
  number
>;

/** How long a task may keep a CPU that others wait for, when `max_time_watchdog` is on. */
export const MAX_RUN_NS = 500_000_000;

/** 1 % is 10,000 parts per million. Rounded: 0.3 * 10000 is not whole in binary. */
const ppm = (percent: number): number => Math.round(percent * 10_000);

/** What the BPF object is given before it is loaded. */
export interface KernelParams {
  /** Read-only variables by name. */
  readonly rodata: Record<string, number>;
  /** struct_ops members by name. */
  readonly ops: Record<string, number | string>;
}

/** The one place where configuration turns into kernel variables. */
export function toKernelParams(config: Config): KernelParams {
  const { scheduler } = config;
  return {
    rodata: {
      slice_default_ns: scheduler.slice_ns_default,
      slice_min_ns: scheduler.slice_ns_min,
      max_run_ns: scheduler.max_time_watchdog ? MAX_RUN_NS : 0,
      dispatch_mode: scheduler.kernel_mode ? DISPATCH_MODE.kernel : DISPATCH_MODE[scheduler.dispatch],
      opinion_budget_ppm: ppm(scheduler.opinionBudgetPercent),
      opinion_window_ns: scheduler.opinionBudgetWindowMs * 1_000_000,
      urgent_budget_ppm: ppm(scheduler.urgentBudgetPercent),
      urgent_node_budget_ppm: ppm(scheduler.urgentNodeBudgetPercent),
      strict_deadline_ns: scheduler.strictDeadlineMs * 1_000_000,
      // Unpinned it ends with its process.
      orphan_timeout_ns: scheduler.pin ? scheduler.orphanTimeoutSeconds * 1_000_000_000 : 0,
    },
    ops: {
      timeout_ms: scheduler.timeoutMs,
    },
  };
}
