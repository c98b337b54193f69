// SPDX-License-Identifier: Apache-2.0
import { STRATEGY_LIMITS } from '@gthulhu/contracts';
import { beforeEach, expect, test } from 'vitest';
import type { StoreChange } from '../store/strategy-store.ts';
import { ListProvider, matchingOf, podNamed } from '../workloads/provider.fixture.ts';
import type { PlainStrategy, StrategyRecord } from './record.ts';
import { StrategyBook } from './strategy-book.ts';

const TITLE = 'ConfigMap a/b';
const given = (strategy: PlainStrategy, id?: string) => ({ id, strategy });
const shared = (id: string, strategy: PlainStrategy, position = 0): StrategyRecord => ({
  ...{ id, origin: 'cluster', position, createdMs: 9e9 + position, updatedMs: 0, strategy },
});
const app = { selectors: [{ key: 'app', value: 'a' }] };

let changes: StoreChange[];
let book: StrategyBook;
beforeEach(() => {
  changes = [];
  const shelf = { load: () => [], apply: (change: StoreChange) => void changes.push(change) };
  book = new StrategyBook(shelf, matchingOf(new ListProvider(podNamed('a', 'x', '42'))), () => 1_000);
});
const rules = (): string[] => book.published.policies.rules.map(({ id }) => id);

test('both are in force; of equally specific ones that of the cluster, of others the narrower', () => {
  book.replace([given({ ...app, priority: 0 }), given({ ...app, namespaces: ['x'], priority: 20 })]);
  const [same, narrower] = book.records;
  expect(rules()).toEqual([narrower.id]);
  book.remove(narrower.id);
  expect(rules()).toEqual([same.id]);
  book.replaceCluster([shared('c', { ...app, priority: 20 })], TITLE);
  expect(rules()).toEqual(['c']);
  expect(book.published.policies.strategies).toBe(2);
  const added = book.add({ ...app, namespaces: ['x'], priority: 20 });
  expect(rules()).toEqual([added.id]);
  book.remove(added.id);
  book.replaceCluster([], TITLE);
  expect(rules()).toEqual([same.id]);
});

test('those of the cluster are not stored', () => {
  book.replaceCluster([shared('c', { priority: 1 }), shared('d', { priority: 2 }, 1)], TITLE);
  book.replaceCluster([shared('d', { priority: 2 })], TITLE);
  expect(changes).toEqual([]);
  expect(book.all.map(({ id }) => id)).toEqual(['d']);
  expect(book.records).toEqual([]);
});

test('they are changed and removed by nobody here', () => {
  book.replace([given({ command_regex: 'x' })]);
  book.replaceCluster([shared('c', { priority: 1 })], TITLE);
  const refusal = /strategy c is of ConfigMap a\/b, for all nodes: change it there/;
  expect(() => book.change('c', { priority: 2 })).toThrow(refusal);
  expect(() => book.remove('c')).toThrow(refusal);
  expect(() => book.replace([given({ priority: 2 }, 'c')])).toThrow(refusal);
  book.replace([]);
  expect(book.all.map(({ id }) => id)).toEqual(['c']);
  expect(book.find('c')?.strategy).toEqual({ priority: 1 });
});

test('a list that comes back as it was answered makes none of them a stored one', () => {
  book.replace([given({ command_regex: 'x' })]);
  book.replaceCluster([shared('c', { priority: 1 })], TITLE);
  const before = book.all;
  book.replace(before.map(({ id, strategy }) => given(strategy, id)));
  expect(book.all).toEqual(before);
  expect(book.records).toHaveLength(1);
});

test('a change of those of the cluster is one new state', () => {
  const heard: number[] = [];
  book.onChange(({ policies }) => heard.push(policies.strategies));
  book.replaceCluster([shared('c', { command_regex: 'x', priority: 1 })], TITLE);
  book.replaceCluster([shared('c', { command_regex: 'x', priority: 1 })], TITLE);
  expect(heard).toEqual([1]);
});

test('together they are as many as there is room for', () => {
  const many = Array.from({ length: STRATEGY_LIMITS.strategies }, (_, i) => shared(`c${i}`, { cpus: '0' }, i));
  book.replaceCluster(many, TITLE);
  expect(() => book.add({ command_regex: 'x' })).toThrow(/1 stored here and 10000 from the cluster; remove some first/);
  book.replaceCluster(many.slice(1), TITLE);
  book.add({ command_regex: 'x' });
  expect(() => book.replaceCluster(many, TITLE)).toThrow(/more than 10000/);
  expect(book.cluster).toHaveLength(STRATEGY_LIMITS.strategies - 1);
});
