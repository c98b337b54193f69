// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { formatSlice, strategyRows } from './strategy-rows.ts';

test.each([
  [undefined, '-'],
  [0, '-'],
  [20_000_000, '20ms'],
  [1_000_000_000, '1000ms'],
  [500_000, '500us'],
  [123_457, '123457ns'],
])('a slice of %j ns is %s', (ns, text) => {
  expect(formatSlice(ns)).toBe(text);
});

const stored = {
  id: 'x',
  origin: 'node' as const,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-02T00:00:00.000Z',
};

test('every field has its column', () => {
  const rows = strategyRows([
    {
      ...stored,
      priority: 0,
      execution_time: 1_500_000,
      command_regex: 'nr-gnb',
      selectors: [
        { key: 'app', value: 'web' },
        { key: 'tier', value: 'db' },
      ],
      namespaces: ['a', 'b'],
      cpus: '0-3',
    },
    { ...stored, origin: 'cluster', pid: 12 },
  ]);
  expect(rows).toEqual([
    ['x', 'node', '0', '1500us', 'nr-gnb', 'app=web,tier=db', 'a,b', '0-3', stored.updatedAt, '-'],
    ['x', 'cluster', '-', '-', 'pid 12', '-', '-', '-', stored.updatedAt, '-'],
  ]);
});

test('what has ended says so', () => {
  const ends = (endsAt: string) => strategyRows([{ ...stored, endsAt }], Date.parse('2026-06-01T00:00:00Z'))[0].at(-1);
  expect(ends('2026-05-01T00:00:00.000Z')).toBe('ended 2026-05-01T00:00:00.000Z');
  expect(ends('2026-07-01T00:00:00.000Z')).toBe('2026-07-01T00:00:00.000Z');
});
