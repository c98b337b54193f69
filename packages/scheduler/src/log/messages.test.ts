// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { LogEntry } from './entry.ts';
import { formatJson, formatPlain } from './logger.ts';
import * as say from './messages.ts';

const NOW = new Date('2025-09-22T13:15:09.000Z');
const counters = {
  nr_running: 1,
  nr_queued: 0,
  nr_scheduled: 0,
  nr_online_cpus: 20,
  usersched_last_run_at: 3_212_826_452_599_740,
  nr_user_dispatches: 90_846,
  nr_kernel_dispatches: 5,
  nr_cancel_dispatches: 0,
  nr_bounce_dispatches: 0,
  nr_failed_dispatches: 0,
  nr_sched_congested: 0,
};

// The published log of 2025, line by line. TIME stands for the time in the zone of the test.
const published: readonly (readonly [LogEntry, string])[] = [
  [say.schedulerConfig(5_000_000, 500_000), 'TIME Scheduler config: SLICE_NS_DEFAULT=5000000, SLICE_NS_MIN=500000'],
  [say.debugModeEnabled(), 'TIME Debug mode enabled'],
  [say.builtinIdleEnabled(), 'TIME Built-in idle CPU selection enabled'],
  [say.earlyProcessing(false), 'TIME Early processing disabled'],
  [say.earlyProcessing(true), 'TIME Early processing enabled'],
  [
    say.libbpfLine("libbpf: struct_ops goland: member priv not found in kernel, skipping it as it's set to zero\n"),
    "libbpf: struct_ops goland: member priv not found in kernel, skipping it as it's set to zero",
  ],
  [
    say.bpfMap({ name: '.data.uei_dump', type: 'BPF_MAP_TYPE_ARRAY', fd: 14 }),
    'map: .data.uei_dump, type: BPF_MAP_TYPE_ARRAY, fd: 14',
  ],
  [say.topologyRead('map[L2:map[] L3:map[]]'), 'TIME Topology: map[L2:map[] L3:map[]]'],
  [say.userSchedPid(2_716_543), "TIME UserSched's Pid: 2716543"],
  [
    say.apiConfig('http://gthulhu-api:80/api/v1/scheduling/strategies', 5),
    'TIME API config: URL=http://gthulhu-api:80/api/v1/scheduling/strategies, Interval=5 seconds',
  ],
  [
    say.strategyFetcherStarted(5),
    'TIME Started scheduling strategy fetcher with JWT authentication, interval 5 seconds',
  ],
  [say.schedulerStarted(), 'TIME scheduler started'],
  [say.initialStrategiesFailed('refused'), 'TIME Failed to fetch initial scheduling strategies: refused'],
  [say.strategiesFailed('refused'), 'TIME Failed to fetch scheduling strategies: refused'],
  [
    say.bssData(counters),
    'TIME bss data: {"usersched_last_run_at":3212826452599740,"nr_queued":0,"nr_scheduled":0,"nr_running":1,"nr_online_cpus":20,"nr_user_dispatches":90846,"nr_kernel_dispatches":5,"nr_cancel_dispatches":0,"nr_bounce_dispatches":0,"nr_failed_dispatches":0,"nr_sched_congested":0}',
  ],
  [say.metricsFailed('refused'), 'TIME Failed to send metrics: refused'],
  [say.metricsSent(), 'TIME Successfully sent metrics to API server'],
  [say.strategiesUpdated(4), 'TIME Scheduling strategies updated: 4 strategies'],
  [say.strategyMapUpdated(4), 'TIME Updated strategy map with 4 strategies'],
  [say.jwtClientFailed('no key'), 'TIME Warning: Failed to initialize JWT client: no key'],
  [say.bpfModuleStopped(), 'TIME bpfModule stopped'],
  [say.osSignal('SIGTERM'), 'TIME receive os signal'],
  [
    say.uei({ kind: 64, exitCode: 0n, reason: 'unregistered from user space', message: '' }),
    'TIME uei: kind=64, exitCode=0, reason=unregistered from user space, message=',
  ],
  [say.loopEnded(), 'TIME context done, exiting scheduler loop'],
  [say.schedulerExit(), 'TIME scheduler exit'],
];

test.each(published.map(([line, text]) => [text, line] as const))('%s', (text, line) => {
  expect(formatPlain(line, NOW).replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, 'TIME ')).toBe(text);
});

test('every message has a JSON form whose msg holds nothing variable', () => {
  for (const [line] of published) {
    const record = JSON.parse(formatJson(line, NOW));
    expect(record.msg).not.toMatch(/\d/);
    expect(record).toMatchObject(line.fields);
  }
});

test('the JSON form has the counters as numbers', () => {
  expect(JSON.parse(formatJson(say.bssData(counters), NOW)).data).toEqual(counters);
});
