// SPDX-License-Identifier: Apache-2.0
import type { StructLayout } from '@gthulhu/bpf';
import { BSS_ORDER_2025 } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import { CELL, makeCells } from './cells.ts';
import { type KernelCounters, sumStructs, toBssCounters, toOperatorCounters } from './counters.ts';

const layout: StructLayout = {
  size: 32,
  fields: {
    running: { offset: 0, size: 4, signed: false, count: 1 },
    running_pid: { offset: 4, size: 4, signed: true, count: 1 },
    nr_direct: { offset: 8, size: 8, signed: false, count: 1 },
    max_wait_ns: { offset: 16, size: 8, signed: false, count: 1 },
    pad: { offset: 24, size: 8, signed: false, count: 1 },
  },
};

function cpu(running: number, direct: bigint, wait: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  view.setUint32(0, running, true);
  view.setInt32(4, 77, true);
  view.setBigUint64(8, direct, true);
  view.setBigUint64(16, wait, true);
  view.setBigUint64(24, 99n, true);
  return new Uint8Array(view.buffer);
}

test('counters are summed over CPUs, the longest wait is the longest, and what is no counter is left out', () => {
  const bytes = new Uint8Array([...cpu(1, 3n, 10n), ...cpu(0, 4n, 50n), ...cpu(1, 5n, 20n)]);
  expect(sumStructs(bytes, layout, 3)).toEqual({ running: 2, nr_direct: 12, max_wait_ns: 50 });
  expect(sumStructs(bytes, layout, 1)).toEqual({ running: 1, nr_direct: 3, max_wait_ns: 10 });
});

test('a view into a larger buffer is read where it starts', () => {
  const bytes = new Uint8Array([...cpu(1, 9n, 9n), ...cpu(1, 3n, 10n)]).subarray(32);
  expect(sumStructs(bytes, layout, 1)).toEqual({ running: 1, nr_direct: 3, max_wait_ns: 10 });
});

const kernel: KernelCounters = {
  cpus: {
    running: 3,
    running_idle: 1,
    nr_user_dispatches: 10,
    nr_kernel_dispatches: 20,
    nr_opinions_asked: 100,
    nr_ring_full: 7,
    nr_bounced: 2,
    nr_rescued: 5,
  },
  opinions: { nr_late: 4, nr_gone: 1, nr_bounced: 3, nr_failed: 6, nr_invalid: 2, nr_clamped: 8 },
  userSeenNs: 5e9,
  ownRuntimeNs: 123,
  policyRuntimeNs: 45,
  nrTasks: 80,
  askShift: 2,
  node: { nr_slices_ended: 6 },
};

test('the eleven counters say what their names say, in the order of the published logs', () => {
  const cells = makeCells();
  cells[CELL.drained] = 90;
  cells[CELL.decided] = 85;
  const bss = toBssCounters(kernel, cells, 4);
  expect(Object.keys(bss)).toEqual([...BSS_ORDER_2025]);
  expect(bss).toEqual({
    usersched_last_run_at: 5e9,
    nr_queued: 10,
    nr_scheduled: 5,
    nr_running: 3,
    nr_online_cpus: 4,
    nr_user_dispatches: 10,
    nr_kernel_dispatches: 20,
    nr_cancel_dispatches: 5,
    nr_bounce_dispatches: 5,
    nr_failed_dispatches: 8,
    nr_sched_congested: 7,
  });
});

test('numbers read at slightly different moments never become negative', () => {
  const cells = makeCells();
  cells[CELL.drained] = 101;
  cells[CELL.decided] = 102;
  expect(toBssCounters(kernel, cells, 4)).toMatchObject({ nr_queued: 0, nr_scheduled: 0 });
});

test("the operator's counters carry the rest and how long user space is silent", () => {
  expect(toOperatorCounters(kernel, 7.25e9, 3)).toMatchObject({
    nr_rescued: 5,
    nr_clamped: 8,
    nr_bounced: 5,
    nr_running_idle: 1,
    silence_ms: 2250,
    policy_restarts: 3,
    policy_runtime_ns: 45,
    own_runtime_ns: 123,
    ask_shift: 2,
    nr_slices_ended: 6,
    nr_tasks: 80,
  });
  expect(toOperatorCounters(kernel, 1e9, 0).silence_ms).toBe(0);
});
