// SPDX-License-Identifier: Apache-2.0
import type { Strategy } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import type { StrategyRecord } from '../strategies/record.ts';
import { readClusterRecords } from './cluster-records.ts';
import type { ReadDocument } from './read-document.ts';

/** JSON stands for the text: where in it is said by the key alone. */
const readDocument: ReadDocument = async (text, name) => ({
  strategies: JSON.parse(text) as Strategy[],
  errorAt: async (key, message) => new Error(`${name}: ${key}: ${message}`),
});
const source = { configMap: 'a/b', key: 'strategies.yaml' };
const read = (
  strategies: readonly object[],
  { before = [], nowMs = 5_000, createdAt = '1970-01-01T00:00:01Z', of = source } = {} as {
    before?: readonly StrategyRecord[];
    nowMs?: number;
    createdAt?: string;
    of?: typeof source;
  },
): Promise<StrategyRecord[]> =>
  readClusterRecords(
    { text: JSON.stringify(strategies), createdAt, resourceVersion: '1', seenAt: nowMs },
    of,
    readDocument,
    { before, known: new Set() },
  );

test('they are as old as the ConfigMap, the earlier in the text the older', async () => {
  const records = await read([{ command_regex: 'a', priority: true }, { command_regex: 'b' }]);
  expect(records).toMatchObject([
    { origin: 'cluster', createdMs: 1_000, updatedMs: 5_000, strategy: { command_regex: 'a', priority: 1 } },
    { origin: 'cluster', createdMs: 1_001, strategy: { command_regex: 'b' } },
  ]);
  expect((await read([{ command_regex: 'a' }], { createdAt: '' }))[0].createdMs).toBe(0);
});

test('every node gives the same ids; what says the same keeps its id and its time', async () => {
  const first = await read([{ command_regex: 'a' }, { command_regex: 'b' }, { command_regex: 'b' }]);
  expect(new Set(first.map(({ id }) => id)).size).toBe(3);
  for (const { id } of first)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  const second = await read([{ command_regex: 'b' }, { command_regex: 'a', priority: 3 }], {
    before: first,
    nowMs: 9_000,
  });
  expect(second[0]).toMatchObject({ id: first[1].id, updatedMs: 5_000, createdMs: 1_000 });
  expect(first.map(({ id }) => id)).not.toContain(second[1].id);
  expect(second[1].updatedMs).toBe(9_000);
  const [other] = await read([{ command_regex: 'a' }], { of: { ...source, configMap: 'a/c' } });
  expect(first.map(({ id }) => id)).not.toContain(other.id);
});

test.each<[string, object, RegExp]>([
  ['a process number', { pid: 7, priority: 1 }, /strategies\[1\]\.pid: means a process of one machine/],
  ['a duration', { command_regex: 'a', maxDuration: '1h' }, /strategies\[1\]\.maxDuration: .*write expiresAt/],
  ['an expression that is none', { command_regex: '(' }, /strategies\[1\]\.command_regex: is not an RE2 expression/],
  ['one that explodes', { command_regex: '(a{99}){99}' }, /strategies\[1\]\.command_regex: repeats so much/],
  ['nothing at all', {}, /strategies\[1\] is empty/],
])('%s refuses the whole text', async (_, strategy, message) => {
  await expect(read([{ command_regex: 'fine' }, strategy])).rejects.toThrow(message);
});

test('of a long list, others have their turn between some and the next', async () => {
  let turns = 0;
  let reading = true;
  const turn = (): void => {
    turns++;
    if (reading) setImmediate(turn);
  };
  setImmediate(turn);
  const strategies = Array.from({ length: 5_000 }, (_, i) => ({ namespaces: [`n${i}`], priority: i % 21 }));
  const records = await read(strategies);
  reading = false;
  expect(records.map(({ strategy }) => strategy)).toEqual(strategies);
  expect(records.map(({ position }) => position)).toEqual(strategies.map((_, i) => i));
  expect(turns).toBeGreaterThan(30);
  await expect(read([...strategies, { cpus: 'x' }])).rejects.toThrow(/^strategies\[5000\]\.cpus: /);
});
