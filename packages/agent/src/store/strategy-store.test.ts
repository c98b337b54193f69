// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StrategyRecord } from '../strategies/record.ts';
import { StrategyStore } from './strategy-store.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gthulhu-store.'));
  path = join(folder, 'strategies.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const record = (id: string, position: number, priority = 3): StrategyRecord => ({
  id,
  origin: 'node',
  position,
  createdMs: 1,
  updatedMs: 2,
  strategy: { priority, command_regex: `^${id}\n"'` },
});

test('what was written is there after it was opened again, in its order', () => {
  const store = StrategyStore.open(path);
  store.apply({ removed: [], written: [record('b', 1), record('a', 0), record('c', 2)] });
  store.apply({ removed: ['b', 'none'], written: [record('c', 0, 5), record('a', 1)] });
  store.close();
  const again = StrategyStore.open(path);
  expect(again.load()).toEqual([record('c', 0, 5), record('a', 1)]);
  again.close();
});

test('all of a change is written or none of it', () => {
  const store = StrategyStore.open(path);
  store.apply({ removed: [], written: [record('a', 0)] });
  const broken = { ...record('b', 1), position: 'x' as unknown as number };
  expect(() => store.apply({ removed: ['a'], written: [record('c', 0), broken] })).toThrow();
  expect(store.load()).toEqual([record('a', 0)]);
  store.apply({ removed: [], written: [record('d', 1)] });
  expect(store.load()).toHaveLength(2);
  store.close();
});

test('every commit is synced', () => {
  const store = StrategyStore.open(path);
  store.close();
  const database = new DatabaseSync(path);
  expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
  database.close();
});

test('an assertion is good once, also after a restart, until it would be too old anyway', () => {
  const store = StrategyStore.open(path);
  expect(store.useAssertion('a', '1', 100, 50)).toBe(true);
  expect(store.useAssertion('a', '1', 100, 50)).toBe(false);
  expect(store.useAssertion('b', '1', 100, 50)).toBe(true);
  store.close();
  const again = StrategyStore.open(path);
  expect(again.useAssertion('a', '1', 100, 99)).toBe(false);
  expect(again.useAssertion('a', '1', 200, 101)).toBe(true);
  again.close();
});

test('one process at a time, and the next one when it has ended', () => {
  const store = StrategyStore.open(path);
  expect(() => StrategyStore.open(path)).toThrow(/another gthulhu agent uses .*; stop it first/);
  store.close();
  StrategyStore.open(path).close();
});

test.each<[string, () => void, RegExp]>([
  ['is no database', () => writeFileSync(path, 'x'.repeat(5_000)), /cannot be opened: file is not a database/],
  [
    'is of a later version',
    () => {
      const database = new DatabaseSync(path);
      database.exec('PRAGMA user_version = 99');
      database.close();
    },
    /was written by a later version/,
  ],
])('a file that %s is left alone, and said so', (_, prepare, reason) => {
  prepare();
  expect(() => StrategyStore.open(path)).toThrow(reason);
});
