// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Container } from '../workload.ts';
import { type Preview, preview, type ThreadName } from './preview.ts';
import { strategy, workload } from './random.fixture.ts';
import { StrategySetError, type StrategySpec } from './strategy-spec.ts';

const container = (name: string): Container => ({ name, id: name, cgroupPath: `/${name}`, cgroupId: '1' });
const workloads = [
  workload('web-2', { namespace: 'shop', labels: { app: 'web' }, containers: [container('w2')] }),
  workload('web-1', { namespace: 'shop', labels: { app: 'web' }, containers: [container('w1'), container('proxy')] }),
  workload('db', { namespace: 'shop', labels: { app: 'db' }, containers: [container('db')] }),
  workload('kubelet.service', { namespace: 'system.slice', cgroupPath: '/system.slice/kubelet.service' }),
];
const THREADS: Readonly<Record<string, readonly ThreadName[]>> = {
  w1: [
    { comm: 'node', leaderComm: 'node' },
    { comm: 'libuv-worker', leaderComm: 'node' },
    { comm: 'sh', leaderComm: 'sh' },
  ],
  w2: [],
};
const look = (strategies: StrategySpec[], candidate: StrategySpec) =>
  preview(strategies, candidate, workloads, { nowMs: 1_000 }, ({ name }) => THREADS[name] ?? null);

const outcomes = ({ matches }: Preview) =>
  matches.map(
    ({ workload: { name }, outcome, loss }) =>
      `${name} ${outcome}${loss ? ` to ${loss.to.id} by ${loss.because}` : ''}`,
  );
const changed = ({ changes }: Preview) =>
  changes.map(
    ({ workload: { name }, before, after }) => `${name} ${before.policy?.id ?? '-'} ${after.policy?.id ?? '-'}`,
  );
const web = { selectors: [{ key: 'app', value: 'web' }] };

test.each<[string, StrategySpec[], StrategySpec, string[], string[]]>([
  ['a new one', [], strategy('n', web), ['web-1 applies', 'web-2 applies'], ['web-1 - n', 'web-2 - n']],
  [
    'one that wins',
    [strategy('ns', { namespaces: ['shop'] })],
    strategy('n', { ...web, priority: 1 }),
    ['web-1 applies', 'web-2 applies'],
    ['web-1 ns n', 'web-2 ns n'],
  ],
  [
    'one that loses',
    [strategy('w', web)],
    strategy('n', { namespaces: ['shop'] }),
    ['db applies', 'web-1 loses to w by labels', 'web-2 loses to w by labels'],
    ['db - n'],
  ],
  [
    'everything',
    [],
    strategy('n'),
    ['db applies', 'web-1 applies', 'web-2 applies', 'kubelet.service protected'],
    ['db - n', 'web-1 - n', 'web-2 - n'],
  ],
  [
    'another version, about others',
    [strategy('n', web)],
    strategy('n', { name: 'db' }),
    ['db applies'],
    ['db - n', 'web-1 n -', 'web-2 n -'],
  ],
  [
    'the same again',
    [strategy('n', { ...web, priority: 1 })],
    strategy('n', { ...web, priority: 1 }),
    ['web-1 applies', 'web-2 applies'],
    [],
  ],
  [
    'one that has ended',
    [strategy('n', web)],
    strategy('n', { ...web, expiresAtMs: 999 }),
    [],
    ['web-1 n -', 'web-2 n -'],
  ],
  ['one that means nobody', [], strategy('n', { name: 'nobody' }), [], []],
])('%s', (_, strategies, candidate, matches, changes) => {
  const result = look(strategies, candidate);
  expect(outcomes(result)).toEqual(matches);
  expect(changed(result)).toEqual(changes);
});

test('threads are counted, also those that the command matches by the name of their process', () => {
  const { matches } = look([], strategy('n', { ...web, commandRegex: '^node$' }));
  expect(
    matches.map(({ outcome, containers }) => [outcome, ...containers.map((c) => [c.threads, c.matchingThreads])]),
  ).toEqual([
    ['commands', [3, 2], [null, null]],
    ['commands', [0, 0]],
  ]);
});

test('conflicts with it are told, others are not', () => {
  const strategies = [
    strategy('rival', { ...web, priority: 5 }),
    strategy('x', { name: 'db', priority: 1 }),
    strategy('y', { name: 'db', priority: 2 }),
  ];
  const { conflicts } = look(strategies, strategy('n', { ...web, priority: 3 }));
  expect(conflicts.map(({ strategy: loser, to, because }) => [loser.id, to.id, because])).toEqual([
    ['rival', 'n', 'priority'],
  ]);
});

test('what could not be put in force is refused in the same way', () => {
  expect(() => look([], strategy('n', { commandRegex: '(?=x)' }))).toThrow(StrategySetError);
});
