// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { missingInOrder, publishedLog } from './published-log.ts';

const at = '2025/09/22 13:15:09 ';
const refused =
  'failed to obtain JWT token: failed to send token request: Post "http://gthulhu-api:80/api/v1/auth/token": dial tcp 10.152.183.54:80: connect: connection refused';
const bss =
  'bss data: {"usersched_last_run_at":3212826452599740,"nr_queued":0,"nr_scheduled":0,"nr_running":1,"nr_online_cpus":20,"nr_user_dispatches":90846,"nr_kernel_dispatches":5,"nr_cancel_dispatches":0,"nr_bounce_dispatches":0,"nr_failed_dispatches":0,"nr_sched_congested":0}';
const updated = 'Scheduling strategies updated: 4 strategies';
const lines = [
  `${at}Scheduler config: SLICE_NS_DEFAULT=5000000, SLICE_NS_MIN=500000`,
  `${at}Debug mode enabled`,
  `${at}Early processing disabled`,
  "libbpf: struct_ops goland: member priv not found in kernel, skipping it as it's set to zero",
  'map: task_ctx_stor, type: BPF_MAP_TYPE_TASK_STORAGE, fd: 7',
  'map: queued, type: BPF_MAP_TYPE_RINGBUF, fd: 8',
  'map: main_bpf.rodata, type: BPF_MAP_TYPE_ARRAY, fd: 13',
  `${at}Topology: map[L2:map[0-1:[0 1] 16-19:[16 17 18 19]] L3:map[0-19:[0 1 2 3]]]`,
  `${at}UserSched's Pid: 2716543`,
  `${at}API config: URL=http://gthulhu-api:80/api/v1/scheduling/strategies, Interval=5 seconds`,
  `${at}Started scheduling strategy fetcher with JWT authentication, interval 5 seconds`,
  `${at}scheduler started`,
  `${at}Failed to fetch initial scheduling strategies: ${refused}`,
  `${at}Failed to fetch scheduling strategies: ${refused}`,
  `${at}${bss}`,
  `${at}Failed to send metrics: failed to send metrics request: ${refused}`,
  `${at}${bss}`,
  `${at}Successfully sent metrics to API server`,
  `${at}${updated}`,
  `${at}Updated strategy map with 4 strategies`,
  `${at}Failed to fetch scheduling strategies: failed to send request: Get "http://gthulhu-api:80/api/v1/scheduling/policies": dial tcp 10.152.183.54:80: connect: connection refused`,
  `${at}${updated}`,
];
const patterns = publishedLog({
  url: 'http://gthulhu-api:80',
  address: '10.152.183.54:80',
  intervalSeconds: 5,
  strategies: 4,
});

test('the published lines are what is looked for', () => {
  expect(missingInOrder(lines, patterns)).toBeNull();
});

test.each(lines.map((text, i) => [text, i] as const).filter(([text]) => !text.startsWith('libbpf')))(
  'without %j it is not whole',
  (_text, i) => {
    expect(missingInOrder(lines.toSpliced(i, 1), patterns)).not.toBeNull();
  },
);

test('the order counts', () => {
  expect(missingInOrder([...lines].reverse(), patterns)).not.toBeNull();
});
