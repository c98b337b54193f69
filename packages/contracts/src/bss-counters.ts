// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

const counter = (description: string) => Type.Integer({ minimum: 0, description });

/**
 * The scheduler's counters, as in the log line `bss data` and in the body of `POST /api/v1/metrics`. The order of the
 * keys is that of the versions of 2025.
 */
export const BssCountersSchema = Type.Object(
  {
    usersched_last_run_at: counter('When user space last ran, nanoseconds since boot'),
    nr_queued: counter('Tasks that wait for an opinion'),
    nr_scheduled: counter('Tasks with an opinion that is not applied yet'),
    nr_running: counter('Tasks on a CPU'),
    nr_online_cpus: counter('CPUs online'),
    nr_user_dispatches: counter('Tasks started in the order of the policy'),
    nr_kernel_dispatches: counter("Tasks started in the kernel's own order"),
    nr_cancel_dispatches: counter('Opinions that came too late'),
    nr_bounce_dispatches: counter('Opinions whose CPU the task may not use'),
    nr_failed_dispatches: counter('Opinions that could not be applied'),
    nr_sched_congested: counter('Times that user space could not be asked: the ring was full'),
  },
  { additionalProperties: false },
);

export type BssCounters = Static<typeof BssCountersSchema>;
export type BssCounterName = keyof BssCounters;

/** Key order of the 2025 versions. */
export const BSS_ORDER_2025: readonly BssCounterName[] = [
  'usersched_last_run_at',
  'nr_queued',
  'nr_scheduled',
  'nr_running',
  'nr_online_cpus',
  'nr_user_dispatches',
  'nr_kernel_dispatches',
  'nr_cancel_dispatches',
  'nr_bounce_dispatches',
  'nr_failed_dispatches',
  'nr_sched_congested',
];

/** Key order of the 2026 versions. */
export const BSS_ORDER_2026: readonly BssCounterName[] = [
  'nr_running',
  'nr_queued',
  'nr_scheduled',
  'nr_online_cpus',
  'usersched_last_run_at',
  'nr_user_dispatches',
  'nr_kernel_dispatches',
  'nr_cancel_dispatches',
  'nr_bounce_dispatches',
  'nr_failed_dispatches',
  'nr_sched_congested',
];
