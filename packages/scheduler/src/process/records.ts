// SPDX-License-Identifier: Apache-2.0
/** Fields of bpf/include/records.h that cross the border as columns, by the names they have there. */

export const TASK_RECORD_COLUMNS = [
  'enq_ns',
  'key',
  'vtime',
  'clock',
  'runtime_ns',
  'burst_ns',
  'gen',
  'slice_ns',
  'pid',
  'tgid',
  'cpu',
  'weight',
  'queue',
  'flags',
  'priority',
  'nr_waiting',
] as const;

export const DECISION_COLUMNS = ['gen', 'key', 'slice_ns', 'pid', 'cpu', 'queue'] as const;

export const TASK_EVENT_COLUMNS = [
  'start_us',
  'pid',
  'tgid',
  'kind',
  'cgroup_lo',
  'cgroup_hi',
  'told',
  'comm_0',
  'comm_1',
  'comm_2',
  'comm_3',
  'leader_0',
  'leader_1',
  'leader_2',
  'leader_3',
] as const;

export const POLICY_UPDATE_COLUMNS = [
  'start_us',
  'slice_ns',
  'pid',
  'rank',
  'priority',
  'cpus',
  'strategy',
  'cgroup_lo',
  'cgroup_hi',
  'told',
] as const;

/** Kinds of `struct task_event` that are told apart here. */
export const TASK_EVENT = { exec: 1, rename: 2, scan: 3, moveAll: 5 } as const;

/** enum policy_source */
export const POLICY_SOURCES = ['none', 'task', 'cgroup'] as const;
export type PolicySourceName = (typeof POLICY_SOURCES)[number];

/** Rows a batch: what `decisions` and `policy_updates` hold in the kernel. */
export const DECISION_CAPACITY = 512;
export const POLICY_UPDATE_CAPACITY = 256;
export const EVENT_CAPACITY = 512;

/** GTHULHU_NO_PRIORITY: no strategy says anything about the priority. */
export const NO_PRIORITY = 21;

/** Text of four 32-bit words, little endian, up to the first NUL: a task's name. */
export function nameOfWords(a: number, b: number, c: number, d: number): string {
  const bytes = new Uint8Array(new Uint32Array([a, b, c, d]).buffer);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
