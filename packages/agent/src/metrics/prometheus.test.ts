// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { schedulerFamilies } from './agent-families.ts';
import { readMachineId } from './machine-id.ts';
import { formatMetrics } from './prometheus.ts';
import { readCounters, SchedulerCounters } from './scheduler-counters.ts';

test('help, type and samples, with what needs escaping escaped; nothing for an empty family', () => {
  expect(
    formatMetrics([
      {
        name: 'a',
        type: 'gauge',
        help: 'one\ntwo',
        samples: [{ value: 1.5 }, { labels: { b: '"\\\n', c: 'd' }, value: 2 }],
      },
      { name: 'none', type: 'counter', help: '', samples: [] },
    ]),
  ).toBe('# HELP a one\\ntwo\n# TYPE a gauge\na 1.5\na{b="\\"\\\\\\n",c="d"} 2\n');
});

test('the counters of the scheduler by the names of dashboards, and none before there are any', () => {
  const counters = new SchedulerCounters();
  expect(schedulerFamilies(counters, 'm')).toEqual([]);
  counters.last = {
    counters: readCounters({ usersched_last_run_at: 3_212_826_452_599_740, nr_queued: 2 }),
    receivedMs: 5_500,
  };
  const text = formatMetrics(schedulerFamilies(counters, 'm'));
  expect(text).toContain('\nuser_sched_last_run_at{machine_id="m"} 3212826452599740\n');
  expect(text).toContain('\nnr_queued{machine_id="m"} 2\n');
  expect(text).toContain('\nnr_sched_congested{machine_id="m"} 0\n');
  expect(text).toContain('timestamp_seconds{machine_id="m"} 5.5\n');
  expect(text).not.toContain('usersched_');
});

test.each<[unknown]>([
  [null],
  [[]],
  [{}],
  [{ other: 1 }],
  [{ nr_queued: -1 }],
  [{ nr_queued: '1' }],
  [{ nr_queued: 1.5 }],
])('counters %j are refused', (body) => expect(() => readCounters(body)).toThrow());

test('MACHINE_ID goes before the file, whose newline is not part of it', () => {
  expect(readMachineId({ MACHINE_ID: ' x ' })).toBe('x');
  expect(readMachineId({}, '/nowhere')).toBe('unknown-machine-id');
  expect(readMachineId({}, '/proc/sys/kernel/ostype')).toBe('Linux');
});
