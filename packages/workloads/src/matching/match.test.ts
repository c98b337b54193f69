// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import type { Workload } from '../workload.ts';
import { type Decision, decide } from './decision.ts';
import { containerPolicies, match } from './match.ts';
import { createMatcher } from './matcher.ts';
import { comparePrecedence } from './precedence.ts';
import {
  type Random,
  randomNumbers,
  randomStrategy,
  randomWorkload,
  shuffled,
  strategy,
  workload,
} from './random.fixture.ts';
import type { StrategySpec } from './strategy-spec.ts';

const NOW = { nowMs: 1_000 };
const pod = workload('p', {
  namespace: 'shop',
  name: 'cart',
  labels: { app: 'cart', tier: 'web' },
  qosClass: 'Burstable',
});

const won = (decision: Decision | undefined) => ({
  policy: decision?.policy?.id ?? null,
  commands: decision?.commands.map(({ id }) => id) ?? [],
  losses: decision?.losses.map((loss) => `${loss.strategy.id} to ${loss.to.id} by ${loss.because}`) ?? [],
  conflicts: decision?.conflicts.map((loss) => loss.strategy.id) ?? [],
});

describe('whom a strategy means', () => {
  test.each<[string, Partial<StrategySpec>, boolean]>([
    ['all', {}, true],
    ['its namespace', { namespaces: ['x', 'shop'] }, true],
    ['another namespace', { namespaces: ['x'] }, false],
    [
      'all labels',
      {
        selectors: [
          { key: 'app', value: 'cart' },
          { key: 'tier', value: 'web' },
        ],
      },
      true,
    ],
    [
      'one label of two',
      {
        selectors: [
          { key: 'app', value: 'cart' },
          { key: 'tier', value: 'db' },
        ],
      },
      false,
    ],
    [
      'one key with two values',
      {
        selectors: [
          { key: 'app', value: 'cart' },
          { key: 'app', value: 'web' },
        ],
      },
      false,
    ],
    [
      'the same label twice',
      {
        selectors: [
          { key: 'app', value: 'cart' },
          { key: 'app', value: 'cart' },
        ],
      },
      true,
    ],
    ['a label that is not there, empty', { selectors: [{ key: 'nothing', value: '' }] }, false],
    ['a name of objects as a label', { selectors: [{ key: 'constructor', value: '' }] }, false],
    ['its name', { name: 'cart' }, true],
    ['a part of its name', { name: 'car' }, false],
    ['its name in another namespace', { name: 'cart', namespaces: ['x'] }, false],
    ['its name and a label of another', { name: 'cart', selectors: [{ key: 'app', value: 'x' }] }, false],
    ['ended', { expiresAtMs: 1_000 }, false],
    ['not ended', { expiresAtMs: 1_001 }, true],
    ['its time is over', { createdAtMs: 500, maxDurationMs: 500 }, false],
    ['the earlier end counts', { createdAtMs: 500, maxDurationMs: 500, expiresAtMs: 9_999 }, false],
    ['its time is not over', { createdAtMs: 501, maxDurationMs: 500 }, true],
  ])('%s: %#', (_, given, means) => {
    const result = match([strategy('s', given)], [pod], NOW);
    expect(result.get('p')?.decision.policy?.id ?? null).toBe(means ? 's' : null);
  });
});

describe('who wins', () => {
  const labels = { selectors: [{ key: 'app', value: 'cart' }] };
  test.each<[string, Partial<StrategySpec>, Partial<StrategySpec>, string]>([
    ['a name before labels', { name: 'cart' }, { ...labels, namespaces: ['shop'], priority: 0 }, 'name'],
    ['labels before a namespace', labels, { namespaces: ['shop'], priority: 0 }, 'labels'],
    ['a namespace before all', { namespaces: ['shop'] }, { priority: 0 }, 'namespace'],
    [
      'labels and a namespace before labels',
      { ...labels, namespaces: ['shop'] },
      { ...labels, priority: 0 },
      'namespace',
    ],
    ['the narrower before that of the cluster', { namespaces: ['shop'] }, { origin: 'cluster' }, 'namespace'],
    ['that of the cluster', { origin: 'cluster', priority: 20 }, { priority: 0 }, 'origin'],
    ['the stronger priority', { priority: 4 }, { priority: 5 }, 'priority'],
    ['any priority before none', { priority: 20 }, {}, 'priority'],
    ['the older', { createdAtMs: 1 }, { createdAtMs: 2 }, 'age'],
    ['the id at last', {}, {}, 'id'],
  ])('%s', (_, winner, loser, because) => {
    // The ids would say the opposite, but for the last row.
    const [first, second] = because === 'id' ? ['a', 'b'] : ['b', 'a'];
    const result = match([strategy(second, loser), strategy(first, winner)], [pod], NOW).get('p');
    expect(won(result?.decision)).toMatchObject({ policy: first, losses: [`${second} to ${first} by ${because}`] });
    expect(result?.decision.because).toBe(because);
  });
});

describe('rules about commands', () => {
  test.each<[string, Partial<StrategySpec>[], ReturnType<typeof won>]>([
    [
      'go before the policy while they are as narrow',
      [{ commandRegex: 'a', priority: 9 }, { priority: 1 }],
      { policy: '1', commands: ['0'], losses: [], conflicts: [] },
    ],
    [
      'lose to a narrower policy',
      [{ commandRegex: 'a' }, { namespaces: ['shop'] }],
      { policy: '1', commands: [], losses: ['0 to 1 by namespace'], conflicts: [] },
    ],
    [
      'of the same expression are one',
      [{ commandRegex: 'a', priority: 9 }, { commandRegex: 'a', priority: 8 }, { commandRegex: 'b' }],
      { policy: null, commands: ['1', '2'], losses: ['0 to 1 by priority'], conflicts: ['0'] },
    ],
    [
      'the strongest first',
      [{ commandRegex: 'a' }, { commandRegex: 'b', namespaces: ['shop'] }, { commandRegex: 'c', priority: 3 }],
      { policy: null, commands: ['1', '2', '0'], losses: [], conflicts: [] },
    ],
  ])('%s', (_, given, expected) => {
    const strategies = given.map((each, i) => strategy(`${i}`, each));
    expect(won(match(strategies, [pod], NOW).get('p')?.decision)).toEqual(expected);
  });
});

test('a conflict is a loss of one that is as narrow and gives something else', () => {
  const given = [
    strategy('winner', { namespaces: ['shop'], priority: 1 }),
    strategy('other priority', { namespaces: ['shop'], priority: 2 }),
    strategy('the same', { namespaces: ['shop'], priority: 1, createdAtMs: 5 }),
    strategy('wider', { priority: 7 }),
  ];
  expect(won(match(given, [pod], NOW).get('p')?.decision).conflicts).toEqual(['other priority']);
});

test('each container has the policy of its workload', () => {
  const container = (name: string) => ({ name, id: '', cgroupPath: null, cgroupId: null });
  const two = { ...pod, containers: [container('app'), container('proxy')] };
  const policies = [
    ...containerPolicies(match([strategy('s')], [two, workload('none', { containers: [] })], NOW).values()),
  ];
  expect(policies.map(({ container: { name }, decision }) => [name, decision.policy?.id])).toEqual([
    ['app', 's'],
    ['proxy', 's'],
  ]);
});

/** A busy machine is no failure. */
const PATIENT = { timeout: 60_000 };

// Properties. The rule is said again in the plainest way, without groups or indexes.
function plainly(strategies: readonly StrategySpec[], { name, namespace, labels }: Workload): Decision {
  const means = (s: StrategySpec): boolean =>
    (s.name === null || s.name === name) &&
    (s.namespaces.length === 0 || s.namespaces.includes(namespace)) &&
    s.selectors.every(({ key, value }) => Object.hasOwn(labels, key) && labels[key] === value);
  return decide(strategies.filter(means).sort(comparePrecedence), null);
}

const several = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const someOf = (random: Random, count: number) => ({
  strategies: several(random(count), (i) => randomStrategy(random, `s${i}`)),
  workloads: several(random(count), (i) => randomWorkload(random, `w${i}`)),
});
const shown = (result: Map<string, { decision: Decision }>) =>
  Object.fromEntries(
    [...result].map(([uid, { decision }]) => [uid, decision] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );

test('agrees with the plain rule, whatever the order', PATIENT, () => {
  const random = randomNumbers(7);
  for (let round = 0; round < 200; round++) {
    const { strategies, workloads } = someOf(random, 24);
    const result = shown(match(shuffled(random, strategies), shuffled(random, workloads), NOW));
    const expected = Object.fromEntries(workloads.map((each) => [each.uid, plainly(strategies, each)]));
    expect(result, `round ${round}`).toEqual(
      shown(new Map(Object.entries(expected).map(([uid, decision]) => [uid, { decision }]))),
    );
  }
});

const stateOf = (matcher: ReturnType<typeof createMatcher>) => ({
  decisions: shown(
    new Map(
      [...matcher.groups()].flatMap(({ members, decision }) =>
        members.map(({ workload: { uid } }) => [uid, { decision }] as const),
      ),
    ),
  ),
  groups: [...matcher.groups()]
    .map(({ members }) =>
      members
        .map(({ workload: { uid } }) => uid)
        .sort()
        .join(),
    )
    .sort(),
  strategies: matcher.strategies(),
});

test('change by change comes to the same as all at once, and tells every decision that is another', PATIENT, () => {
  const random = randomNumbers(11);
  for (let round = 0; round < 25; round++) {
    const strategies = new Map<string, StrategySpec>();
    const workloads = new Map<string, Workload>();
    const matcher = createMatcher();
    for (let step = 0; step < 40; step++) {
      const id = `s${random(10)}`;
      const uid = `w${random(20)}`;
      const kind = random(5);
      const before = stateOf(matcher).decisions;
      if (kind === 0) {
        workloads.delete(uid);
        matcher.changeWorkloads({ removedUids: [uid] });
      } else if (kind <= 2) {
        const one = randomWorkload(random, uid);
        workloads.set(uid, one);
        matcher.changeWorkloads({ put: [one] });
      } else {
        const removedIds = kind === 3 ? [id] : [];
        if (kind === 3) strategies.delete(id);
        const put = kind === 4 ? several(1 + random(3), (i) => randomStrategy(random, i === 0 ? id : `s${i}`)) : [];
        const unique = [...new Map(put.map((each) => [each.id, each])).values()];
        for (const each of unique) strategies.set(each.id, each);
        const changed = matcher.changeStrategies({ put: unique, removedIds });
        const live = new Set(matcher.groups());
        expect(changed.every((group) => live.has(group))).toBe(true);
        const told = new Set(changed.flatMap(({ members }) => members.map(({ workload: { uid } }) => uid)));
        const { decisions } = stateOf(matcher);
        for (const each of Object.keys(decisions))
          if (!told.has(each)) expect(decisions[each], `untold ${each}`).toEqual(before[each]);
      }
      const cold = createMatcher();
      cold.changeStrategies({ put: shuffled(random, [...strategies.values()]) });
      cold.changeWorkloads({ put: shuffled(random, [...workloads.values()]) });
      expect(stateOf(matcher), `round ${round}, step ${step}`).toEqual(stateOf(cold));
    }
  }
});

test('many strategies at once come to the same as one by one', PATIENT, () => {
  const random = randomNumbers(13);
  const strategies = several(100, (i) => randomStrategy(random, `s${i}`));
  const workloads = several(50, (i) => randomWorkload(random, `w${i}`));
  const [together, single] = [createMatcher(), createMatcher()];
  for (const matcher of [together, single]) matcher.changeWorkloads({ put: workloads });
  expect([...together.changeStrategies({ put: strategies })]).toHaveLength(stateOf(together).groups.length);
  for (const each of strategies) single.changeStrategies({ put: [each] });
  expect(stateOf(together)).toEqual(stateOf(single));
  together.changeStrategies({ removedIds: strategies.slice(0, 60).map(({ id }) => id) });
  for (const { id } of strategies.slice(0, 60)) single.changeStrategies({ removedIds: [id] });
  expect(stateOf(together)).toEqual(stateOf(single));
});

test('the same again changes nothing', PATIENT, () => {
  const random = randomNumbers(17);
  const { strategies, workloads } = someOf(random, 40);
  const matcher = createMatcher();
  for (const round of [0, 1]) {
    matcher.changeStrategies({ put: strategies });
    matcher.changeWorkloads({ put: workloads });
    expect(stateOf(matcher).decisions, `${round}`).toEqual(shown(match(strategies, workloads, NOW)));
  }
});

test('a strategy that was removed leaves no trace', PATIENT, () => {
  const random = randomNumbers(19);
  for (let round = 0; round < 100; round++) {
    const { strategies, workloads } = someOf(random, 20);
    const matcher = createMatcher();
    matcher.changeStrategies({ put: strategies });
    matcher.changeWorkloads({ put: workloads });
    const before = stateOf(matcher);
    matcher.changeStrategies({ put: [randomStrategy(random, 'guest')] });
    matcher.changeStrategies({ removedIds: ['guest'] });
    expect(stateOf(matcher)).toEqual(before);
  }
});

test('order of precedence is total and consistent', PATIENT, () => {
  const random = randomNumbers(23);
  const strategies = several(60, (i) => randomStrategy(random, `s${i}`));
  const sorted = [...strategies].sort(comparePrecedence);
  for (let round = 0; round < 50; round++) expect(shuffled(random, strategies).sort(comparePrecedence)).toEqual(sorted);
  for (const [i, a] of sorted.entries())
    for (const [j, b] of sorted.entries()) expect(Math.sign(comparePrecedence(a, b))).toBe(Math.sign(i - j));
});
