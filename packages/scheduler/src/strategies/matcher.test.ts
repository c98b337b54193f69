// SPDX-License-Identifier: Apache-2.0
import type { Strategy } from '@gthulhu/contracts';
import { describe, expect, test } from 'vitest';
import { compile } from './matcher.ts';
import { type Rule, toRule } from './rule.ts';

const matcherOf = (...strategies: Strategy[]) => compile(strategies.map((strategy, index) => toRule(strategy, index)));
const answer = (strategies: Strategy[], comm: string, leaderComm = comm): number | null =>
  matcherOf(...strategies).match({ comm, leaderComm })?.index ?? null;

describe('who matches', () => {
  test.each<[string, string, string, boolean]>([
    ['nginx', 'nginx', 'nginx', true],
    ['ngin', 'xnginx', 'xnginx', true],
    ['^nginx$', 'nginx-debug', 'nginx-debug', false],
    ['nr-gnb|nr-ue|ping', 'ping', 'ping', true],
    ['', 'anything', 'anything', true],
    ['', '', '', true],
    ['^java$', 'G1 Conc#0', 'java', true],
    ['^G1', 'G1 Conc#0', 'java', true],
    ['^java$', 'G1 Conc#0', 'node', false],
    ['^a.b$', 'a\u00e9b', 'a\u00e9b', true],
    ['', 'pause', 'pause', false],
    ['^pause$', 'pause', 'pause', false],
    ['pause', 'pulseaudio-pause', 'pulseaudio-pause', true],
  ])('%j on %j of %j: %j', (command_regex, comm, leader, matches) => {
    expect(answer([{ priority: 15, command_regex }], comm, leader)).toBe(matches ? 0 : null);
  });

  test('rows about a process or a pod match nobody', () => {
    expect(
      answer(
        [
          { priority: 1, pid: 7 },
          { priority: 1, selectors: [{ key: 'a', value: 'b' }] },
        ],
        'x',
      ),
    ).toBeNull();
  });

  test('the answer carries the parameters', () => {
    const matcher = matcherOf(
      { priority: true, execution_time: 200_000, command_regex: 'a' },
      { execution_time: 300_000 },
    );
    expect(matcher.match({ comm: 'a', leaderComm: 'a' })?.strategy).toMatchObject({ priority: 1, sliceNs: 200_000 });
    expect(matcher.match({ comm: 'b', leaderComm: 'b' })?.strategy).toMatchObject({ priority: null, sliceNs: 300_000 });
  });
});

describe('who wins', () => {
  test.each<[string, Strategy[], number]>([
    ['an expression before none', [{ priority: 0 }, { priority: 20, command_regex: 'a' }], 1],
    [
      'the stronger priority',
      [
        { priority: 5, command_regex: 'a' },
        { priority: 4, command_regex: '.' },
      ],
      1,
    ],
    [
      'any priority before none',
      [
        { execution_time: 100_000, command_regex: 'a' },
        { priority: 20, command_regex: 'a' },
      ],
      1,
    ],
    [
      'the earlier',
      [
        { priority: 5, command_regex: 'b' },
        { priority: 5, command_regex: 'a' },
        { priority: 5, command_regex: '.' },
      ],
      1,
    ],
  ])('%s', (_, strategies, index) => {
    expect(answer(strategies, 'a')).toBe(index);
  });

  test('by own name or by the leader’s, precedence is the same', () => {
    const strategies = [
      { priority: 8, command_regex: 'worker' },
      { priority: 3, command_regex: 'java' },
    ];
    expect(answer(strategies, 'worker', 'java')).toBe(1);
    expect(answer(strategies, 'java', 'worker')).toBe(1);
  });
});

// A small generator of its own, so that a failure can be repeated: numbers of Lehmer's method, modulus 2^31 - 1.
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

const COMMANDS = ['a', 'ab', 'abc', 'b', 'ba', 'pause', ''];
const REGEXES = ['', 'a', '^a$', 'b', 'ab|c', '^x', '.'];

function randomStrategies(random: (below: number) => number, count: number): Strategy[] {
  return Array.from({ length: count }, () => {
    const strategy: Strategy = {
      execution_time: 100_000 + random(1_000),
      command_regex: REGEXES[random(REGEXES.length)] ?? '',
    };
    if (random(3) > 0) strategy.priority = random(21);
    if (random(8) === 0) strategy.pid = 1 + random(9);
    return strategy;
  });
}

/** The rule of the documentation, said again in the plainest way. */
function oracle(strategies: readonly Strategy[], comm: string, leader: string): number | null {
  if (comm === 'pause' || leader === 'pause') return null;
  let best: [number, number, number] | null = null;
  for (const [index, s] of strategies.entries()) {
    const regex = new RegExp(s.command_regex ?? '');
    if (s.pid !== undefined || !(regex.test(comm) || regex.test(leader))) continue;
    const rank: [number, number, number] = [
      s.command_regex === '' ? 1 : 0,
      typeof s.priority === 'number' ? s.priority : 21,
      index,
    ];
    const before =
      best === null ||
      rank[0] < best[0] ||
      (rank[0] === best[0] && (rank[1] < best[1] || (rank[1] === best[1] && index < best[2])));
    if (before) best = rank;
  }
  return best?.[2] ?? null;
}

test('agrees with the rule on random strategies', () => {
  const random = generator(7);
  for (let round = 0; round < 300; round++) {
    const strategies = randomStrategies(random, random(12));
    const matcher = matcherOf(...strategies);
    for (const comm of COMMANDS) {
      for (const leaderComm of COMMANDS) {
        const found = matcher.match({ comm, leaderComm })?.index ?? null;
        expect(found, JSON.stringify({ strategies, comm, leaderComm })).toBe(oracle(strategies, comm, leaderComm));
      }
    }
  }
});

test('the two names of a thread, each by itself, give what they give together', () => {
  const random = generator(13);
  for (let round = 0; round < 100; round++) {
    const matcher = matcherOf(...randomStrategies(random, random(12)));
    for (const comm of COMMANDS) {
      for (const leaderComm of COMMANDS) {
        const alone = [comm, leaderComm].map((name) => matcher.byNameAlone(name));
        const places = alone.flatMap((match) => (match && match !== 'exempt' ? match.place : []));
        const together = alone.includes('exempt') || places.length === 0 ? null : Math.min(...places);
        expect(matcher.match({ comm, leaderComm })?.place ?? null).toBe(together);
      }
    }
  }
});

test('a name decides nothing alone where its cgroups have a say', () => {
  const rule = (command_regex: string, cgroups: string[] | null, index: number): Rule => ({
    ...toRule({ priority: index, command_regex }, index),
    cgroups: cgroups && new Set(cgroups),
  });
  const matcher = compile([rule('web', ['7'], 1), rule('^web', null, 2), rule('^db', null, 3), rule('^db', ['7'], 4)]);
  expect(matcher.byNameAlone('web')).toBeUndefined();
  expect(matcher.byNameAlone('my-web')).toBeUndefined();
  // The stronger one holds everywhere.
  expect(matcher.byNameAlone('db')).toMatchObject({ index: 3 });
  expect(matcher.byNameAlone('other')).toBeNull();
  expect(matcher.byNameAlone('pause')).toBe('exempt');
});

test('where precedence decides, the order of the file does not matter', () => {
  const random = generator(11);
  for (let round = 0; round < 100; round++) {
    const strategies = randomStrategies(random, 8).map(
      (s, i): Strategy => ({ ...s, priority: i, execution_time: 100_000 + i }),
    );
    const shuffled = [...strategies];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]] as [Strategy, Strategy];
    }
    const [one, other] = [matcherOf(...strategies), matcherOf(...shuffled)];
    for (const comm of COMMANDS) {
      const subject = { comm, leaderComm: 'z' };
      expect(other.match(subject)?.strategy.sliceNs).toBe(one.match(subject)?.strategy.sliceNs);
    }
  }
});

test('a removed strategy leaves nothing behind', () => {
  const strategies = [
    { priority: 5, command_regex: 'a' },
    { priority: 9, command_regex: 'a' },
  ];
  expect(answer(strategies, 'a')).toBe(0);
  expect(matcherOf(...strategies.slice(1)).match({ comm: 'a', leaderComm: 'a' })?.strategy.priority).toBe(9);
  expect(answer([], 'a')).toBeNull();
});

test('more names than are remembered give the same answers', () => {
  const matcher = matcherOf({ priority: 5, command_regex: '7$' });
  for (const round of [0, 1]) {
    for (let i = 0; i < 10_000; i++) {
      const comm = `task${i}`;
      expect(matcher.match({ comm, leaderComm: comm }) !== null, `${comm} in round ${round}`).toBe(i % 10 === 7);
    }
  }
});
