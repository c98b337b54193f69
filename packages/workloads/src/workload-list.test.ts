// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { ProviderHealth, WorkloadChanges, WorkloadProvider } from './provider.ts';
import { testProvider } from './testing/provider-contract.ts';
import { keepLabels, type Workload } from './workload.ts';
import { createWorkloadList } from './workload-list.ts';

const workload = (uid: string, labels: Record<string, string> = {}): Workload => ({
  namespace: '',
  name: uid,
  uid,
  labels,
  qosClass: null,
  cgroupPath: null,
  cgroupId: null,
  containers: [],
});

const refuse = (error: unknown): void => {
  throw error;
};

function heardFrom(work: (list: ReturnType<typeof createWorkloadList>) => void): WorkloadChanges[] {
  const list = createWorkloadList(refuse);
  list.apply([workload('a'), workload('b', { x: '1' })], []);
  const heard: WorkloadChanges[] = [];
  list.subscribe((changes) => heard.push(changes));
  work(list);
  return heard;
}

const uidsOf = ({ added, changed, removed }: WorkloadChanges) =>
  [added, changed, removed].map((list) => list.map(({ uid }) => uid));

test.each<[string, (list: ReturnType<typeof createWorkloadList>) => void, string[][][]]>([
  ['nothing new is no change', (list) => list.apply([workload('a')], ['z']), []],
  ['one of each', (list) => list.apply([workload('c'), workload('b', { x: '2' })], ['a']), [[['c'], ['b'], ['a']]]],
  ['out and in again is a change or none', (list) => list.apply([workload('a', { y: '' })], ['a']), [[[], ['a'], []]]],
  ['the same, unchanged', (list) => list.apply([workload('a')], ['a']), []],
  ['a whole list', (list) => list.replace([workload('b', { x: '1' }), workload('d')]), [[['d'], [], ['a']]]],
  ['a label more', (list) => list.apply([workload('b', { x: '1', y: '' })], []), [[[], ['b'], []]]],
])('%s', (_, work, expected) => {
  expect(heardFrom(work).map(uidsOf)).toEqual(expected);
});

test('what says nothing new stays the same object', () => {
  const list = createWorkloadList(refuse);
  const first = workload('a', { x: '1' });
  list.apply([first], []);
  list.apply([workload('a', { x: '1' })], []);
  expect(list.get('a')).toBe(first);
});

test.each<[string, Record<string, string>, number, number]>([
  ['plain', { app: 'x', tier: '' }, 2, 0],
  ['a value of 1 MB', { app: 'x', big: 'x'.repeat(1 << 20) }, 1, 1],
  ['a key of 1 MB', { ['k'.repeat(1 << 20)]: 'x' }, 0, 1],
  ['too many', Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, ''])), 256, 44],
  ['names of objects', JSON.parse('{"__proto__":"x","constructor":"y"}'), 2, 0],
  ['values that are no text', { app: 7, b: null } as unknown as Record<string, string>, 0, 2],
])('labels: %s', (_, given, kept, dropped) => {
  const result = keepLabels(given);
  expect([Object.keys(result.labels).length, result.dropped]).toEqual([kept, dropped]);
});

// The suite itself is proved by the simplest provider there can be.
testProvider('in memory', async () => {
  const list = createWorkloadList(() => undefined);
  const world = new Map<string, Workload>();
  let state: ProviderHealth['state'] = 'starting';
  let serial = 0;
  const show = (): void => {
    if (state === 'ready') list.replace(world.values());
  };
  const provider: WorkloadProvider = {
    name: 'memory',
    start: async (signal) => {
      const end = (): void => {
        state = 'stopped';
        list.close();
      };
      if (signal.aborted) return end();
      signal.addEventListener('abort', end);
      state = 'ready';
      show();
    },
    workloads: list.list,
    subscribe: list.subscribe,
    health: () => ({ state, message: '', repairs: 0, ageMs: 0 }),
  };
  const put = (name: string, given: Workload): void => {
    world.set(name, given);
    show();
  };
  return {
    provider,
    add: async (name) => put(name, { ...workload(`uid-${serial++}`), name }),
    change: async (name) => put(name, { ...(world.get(name) as Workload), labels: { changed: `${serial++}` } }),
    remove: async (name) => {
      world.delete(name);
      show();
    },
    close: async () => undefined,
  };
});
