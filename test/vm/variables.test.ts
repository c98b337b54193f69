// SPDX-License-Identifier: Apache-2.0
/** Every configuration key that names a BPF variable arrives in the kernel, and so does the topology. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { root, whyNoMachines } from './machine.ts';

const yaml = `scheduler:
  slice_ns_default: 7000000
  slice_ns_min: 300000
  kernel_mode: true
  max_time_watchdog: false
  opinionBudgetPercent: 2.5
  opinionBudgetWindowMs: 70
  urgentBudgetPercent: 33
  urgentNodeBudgetPercent: 22
  strictDeadlineMs: 11
  timeoutMs: 4321
`;

interface Printed {
  readonly params: Record<string, number>;
  readonly inKernel: Record<string, number | number[]>;
  readonly timeouts: readonly number[];
}

const why = whyNoMachines();

test.skipIf(why !== null && process.env.CI !== 'true')('variables are read back from the kernel', () => {
  expect(why).toBeNull();
  const command = ['node_modules/.bin/node', 'test/vm/guest/variables.ts', 'build/bpf/scheduler.bpf.o', yaml];
  const machine = ['--kernel', '6.12', '--cpus', '4', '--sockets', '2', '--timeout', '240', '--'];
  const output = execFileSync('scripts/vm', [...machine, ...command], { cwd: root, encoding: 'utf8' });
  const { params, inKernel, timeouts } = JSON.parse(
    output.split('\n').find((line) => line.startsWith('{')) ?? output,
  ) as Printed;
  expect(params).toEqual({
    slice_default_ns: 7_000_000,
    slice_min_ns: 300_000,
    max_run_ns: 0,
    dispatch_mode: 0,
    opinion_budget_ppm: 25_000,
    opinion_window_ns: 70_000_000,
    urgent_budget_ppm: 330_000,
    urgent_node_budget_ppm: 220_000,
    strict_deadline_ns: 11_000_000,
    orphan_timeout_ns: 0,
  });
  expect(timeouts).toEqual([4321]);
  expect(inKernel).toMatchObject(params);
  expect(inKernel).toMatchObject({
    nr_cpu_ids: 4,
    nr_online_cpus: 4,
    nr_possible_cpus: 4,
    nr_llcs: 2,
    nr_masks: 32,
    nr_tickless_cpus: 0,
    report_util: 0,
    cpu_llc: [0, 0, 1, 1, 0, 0, 0, 0],
    llc_nr_cpus: [2, 2, 0, 0, 0, 0, 0, 0],
  });
});
