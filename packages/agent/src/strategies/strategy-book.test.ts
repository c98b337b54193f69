// SPDX-License-Identifier: Apache-2.0
import { applyChange, type NodePolicies } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import type { StoreChange } from '../store/strategy-store.ts';
import { ListProvider, matchingOf, podNamed } from '../workloads/provider.fixture.ts';
import type { PlainStrategy, StrategyRecord } from './record.ts';
import { etagOf, StrategyBook, type StrategyShelf } from './strategy-book.ts';

class Shelf implements StrategyShelf {
  readonly changes: StoreChange[] = [];
  full = false;
  load(): StrategyRecord[] {
    return [];
  }
  apply(change: StoreChange): void {
    if (this.full) throw new Error('database or disk is full');
    this.changes.push(change);
  }
}

function open(workloads = matchingOf(null)): { shelf: Shelf; book: StrategyBook; tick: () => void } {
  const shelf = new Shelf();
  let now = 1_000;
  const tick = (): void => {
    now += 1_000;
  };
  return { shelf, book: new StrategyBook(shelf, workloads, () => now), tick };
}
const fresh = (...commands: string[]) =>
  commands.map((command_regex) => ({ id: undefined, strategy: { command_regex, priority: 3 } }));

test('what stays the same keeps its id and its times, and only changes are stored', () => {
  const { shelf, book, tick } = open();
  book.replace(fresh('a', 'b', 'b'));
  const [a, b, c] = book.records;
  tick();
  book.replace(fresh('a', 'b', 'b'));
  expect(book.records).toEqual([a, b, c]);
  expect(shelf.changes).toHaveLength(1);
  book.replace(fresh('a', 'x', 'b'));
  expect(book.records.map(({ id }) => id)).toEqual([a.id, expect.any(String), b.id]);
  expect(shelf.changes[1].removed).toEqual([c.id]);
  expect(shelf.changes[1].written.map(({ strategy }) => strategy.command_regex)).toEqual(['x', 'b']);
});

test('one that comes back with its id is the same one, changed', () => {
  const { book, tick } = open();
  book.replace(fresh('a', 'b'));
  const [a, b] = book.records;
  tick();
  book.replace([
    { id: b.id, strategy: { command_regex: 'c' } },
    { id: undefined, strategy: a.strategy },
  ]);
  expect(book.records).toEqual([
    { ...b, position: 0, updatedMs: 2_000, strategy: { command_regex: 'c' } },
    { ...a, position: 1 },
  ]);
  expect(() => book.replace([{ id: 'none', strategy: { pid: 1 } }])).toThrow(
    /strategies\[0\]\.id: no stored strategy is none/,
  );
  const twice = { id: b.id, strategy: { pid: 1 } };
  expect(() => book.replace([twice, twice])).toThrow(/strategies\[1\]\.id: .* stands there twice/);
});

test('listeners hear of each new state once, and of nothing else', () => {
  const { book } = open();
  const heard: string[] = [];
  const end = book.onChange(({ policies }) => heard.push(policies.revision));
  book.replace(fresh('a'));
  book.replace(fresh('a'));
  book.change(book.records[0].id, { command_regex: 'b' });
  expect(heard).toEqual([expect.any(String), book.published.policies.revision]);
  end();
  book.remove(book.records[0].id);
  expect(heard).toHaveLength(2);
  expect(book.published.policies).toMatchObject({ strategies: 0, rules: [] });
});

test('the revision is that of the content: the same again after a detour, and JSON of the same', () => {
  const { book } = open();
  const empty = book.published.policies.revision;
  book.replace(fresh('a'));
  expect(JSON.parse(book.published.json)).toEqual(book.published.policies);
  book.replace([]);
  expect(book.published.policies.revision).toBe(empty);
});

test('what is told of a change is what is different, and makes the same of it', () => {
  const { book } = open();
  book.replace(fresh('a', 'b', 'c'));
  let told = JSON.parse(book.published.json) as NodePolicies;
  const end = book.onChange(({ change }) => {
    told = applyChange(told, JSON.parse(JSON.stringify(change)));
  });
  const [first, second] = book.records;
  book.change(second.id, { command_regex: 'b', priority: 1 });
  expect(book.published.change).toMatchObject({ removed: [second.id], put: [{ at: 0 }] });
  expect(told).toEqual(book.published.policies);
  book.remove(first.id);
  expect(book.published.change).toMatchObject({ removed: [first.id], put: [] });
  book.add({ command_regex: 'd', priority: 2 });
  expect(book.published.change?.put).toHaveLength(1);
  expect(told).toEqual(book.published.policies);
  end();
});

test('a change of workloads is a new state, told once for all that come together', async () => {
  const provider = new ListProvider();
  const { book } = open(matchingOf(provider));
  book.replace([{ id: undefined, strategy: { namespaces: ['x'], priority: 1 } }]);
  expect(book.published.policies).toMatchObject({ strategies: 1, rules: [] });
  const heard: (readonly string[] | null)[] = [];
  const told = new Promise<void>((resolve) => {
    book.onChange(({ policies }) => {
      heard.push(policies.rules[0].cgroups);
      resolve();
    });
  });
  provider.change({ added: [podNamed('a', 'x', '42')] });
  provider.change({ added: [podNamed('b', 'y', '43'), podNamed('c', 'x', '44')] });
  await told;
  expect(heard).toEqual([['42', '44']]);
});

test('the more specific goes first, then the stronger, then the earlier; process numbers are left out', () => {
  const { book } = open(matchingOf(new ListProvider(podNamed('a', 'x', '42'))));
  const label = { selectors: [{ key: 'app', value: 'a' }] };
  const strategies: Record<string, PlainStrategy> = {
    everything: { priority: 0 },
    command: { command_regex: '^a$', execution_time: 1_000_000 },
    urgentCommand: { command_regex: '^a', priority: 2 },
    laterCommand: { command_regex: '^b', priority: 2 },
    namespace: { namespaces: ['x'], priority: 15 },
    labels: { ...label, cpus: '0-1' },
    labelledCommand: { ...label, command_regex: 'z', priority: 20 },
    number: { pid: 7, priority: 0 },
  };
  book.replace(Object.values(strategies).map((strategy) => ({ id: undefined, strategy })));
  const names = new Map(book.records.map(({ id }, index) => [id, Object.keys(strategies)[index]]));
  expect(book.published.policies.rules.map(({ id }) => names.get(id))).toEqual(
    // The namespace's is hidden by the labels' in the only pod there is.
    ['labelledCommand', 'labels', 'urgentCommand', 'laterCommand', 'command', 'everything'],
  );
  const [labelled] = book.published.policies.rules;
  expect(labelled).toMatchObject({ priority: 20, sliceNs: 0, cpus: null, commandRegex: 'z', cgroups: ['42'] });
});

test('one that is added is the last and the youngest', () => {
  const { shelf, book, tick } = open();
  book.replace(fresh('a', 'b'));
  tick();
  const added = book.add({ command_regex: 'c', priority: 1 });
  expect(book.records.map(({ strategy }) => strategy.command_regex)).toEqual(['a', 'b', 'c']);
  expect(shelf.changes.at(-1)).toEqual({ removed: [], written: [added] });
  expect(book.find(added.id)).toMatchObject({ createdMs: 2_000, position: 2 });
});

test('what is about a process number now is no rule any more', () => {
  const { book } = open();
  book.replace(fresh('a'));
  expect(book.published.policies.rules).toHaveLength(1);
  book.change(book.records[0].id, { pid: 7 });
  expect(book.published.policies.rules).toHaveLength(0);
});

test('what cannot be stored has not happened', () => {
  const { shelf, book } = open();
  book.replace(fresh('a'));
  const before = [book.records, book.published];
  shelf.full = true;
  expect(() => book.replace(fresh('b'))).toThrow(/full/);
  expect(() => book.remove(book.records[0].id)).toThrow(/full/);
  expect([book.records, book.published]).toEqual(before);
});

test('the ETag of a strategy changes with it', () => {
  const { book, tick } = open();
  book.replace(fresh('a'));
  const { id } = book.records[0];
  const before = etagOf(book.records[0]);
  tick();
  book.change(id, { command_regex: 'b' });
  expect(etagOf(book.records[0])).not.toBe(before);
  expect(book.change('none', { pid: 1 })).toBeNull();
  expect(book.remove('none')).toBe(false);
});
