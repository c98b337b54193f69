// SPDX-License-Identifier: Apache-2.0
import type { NodeRule } from '@gthulhu/contracts';
import { describe, expect, test } from 'vitest';
import { MAX_CGROUPS, MAX_CPU_LISTS, ruleSetOfFile, ruleSetOfNode } from './node-rules.ts';
import { toRule } from './rule.ts';

const rule = (id: string, more: Partial<NodeRule> = {}): NodeRule => ({
  id,
  priority: 10,
  sliceNs: 0,
  cpus: null,
  commandRegex: '',
  cgroups: null,
  ...more,
});

/** Who is put in force for which cgroup, and who for commands. */
function told(...rules: NodeRule[]): { cgroups: Record<string, string>; commands: string[] } {
  const set = ruleSetOfNode(rules);
  return {
    cgroups: Object.fromEntries([...set.cgroups].map(([id, ranked]) => [id, `${ranked.rule.id} ${ranked.rank}`])),
    commands: set.commands.map(({ rule: { id }, rank }) => `${id} ${rank}`),
  };
}

describe('who resolves a rule', () => {
  test('whole cgroups are the kernel’s, commands ours', () => {
    expect(
      told(
        rule('a', { cgroups: ['7', '8'] }),
        rule('b', { cgroups: ['7'], commandRegex: '^x' }),
        rule('c', { commandRegex: '^x' }),
        rule('d'),
      ),
    ).toEqual({ cgroups: { 7: 'a 1', 8: 'a 1' }, commands: ['b 2', 'c 4', 'd 6'] });
  });

  test('of two rules for one cgroup the stronger, which comes first', () => {
    expect(told(rule('a', { cgroups: ['7'] }), rule('b', { cgroups: ['7', '8'] })).cgroups).toEqual({
      7: 'a 1',
      8: 'b 1',
    });
  });

  test('ranks keep the order between both kinds', () => {
    expect(
      told(
        rule('a', { commandRegex: 'a' }),
        rule('b', { cgroups: ['1'] }),
        rule('c', { commandRegex: 'c' }),
        rule('d', { cgroups: ['2'] }),
      ),
    ).toEqual({ cgroups: { 1: 'b 3', 2: 'd 5' }, commands: ['a 2', 'c 4'] });
  });

  test('pods that come and go change no other rank', () => {
    const commands = [rule('a', { commandRegex: 'a' }), rule('b', { commandRegex: 'b' })];
    const pods = Array.from({ length: 5 }, (_, i) => rule(`p${i}`, { cgroups: [`${i + 1}`] }));
    expect(told(...pods, ...commands).commands).toEqual(told(...commands).commands);
  });

  test('units are known by their names, the stronger rule where two name one', () => {
    const set = ruleSetOfNode([
      rule('a', { cgroups: [], units: [{ slice: '', name: 'job.scope' }] }),
      rule('b', {
        cgroups: ['7'],
        units: [
          { slice: '', name: 'job.scope' },
          { slice: 's.slice', name: '', except: ['x'] },
        ],
      }),
    ]);
    expect([...set.units].map(([key, ranked]) => [key, ranked.rule.id, ranked.rank])).toEqual([
      ['/job.scope', 'a', 1],
      ['s.slice/', 'b', 1],
    ]);
    expect([...set.unitExcepts]).toEqual(['x']);
  });

  test('a rule for no cgroup is for nobody', () => {
    expect(told(rule('a', { cgroups: [] }))).toEqual({ cgroups: {}, commands: [] });
    const bound = ruleSetOfNode([rule('b', { cgroups: [], commandRegex: 'x' })]);
    expect(bound.matcher.match({ comm: 'x', leaderComm: 'x', cgroups: ['1'] })).toBeNull();
  });
});

describe('commands in cgroups', () => {
  const { matcher } = ruleSetOfNode([
    rule('in-7', { commandRegex: '^web', cgroups: ['7'] }),
    rule('in-8', { commandRegex: '^w', cgroups: ['8'] }),
    rule('anywhere', { commandRegex: '^(web|db)' }),
  ]);
  test.each([
    ['web', 'web', ['1', '7', '2'], 'in-7'],
    ['web', 'web', ['8', '7'], 'in-7'],
    ['worker', 'worker', ['8'], 'in-8'],
    ['worker', 'worker', ['7'], undefined],
    ['web', 'web', [], 'anywhere'],
    ['thread', 'web', ['7'], 'in-7'],
    ['db', 'web', ['7'], 'in-7'],
    ['db', 'sh', ['7'], 'anywhere'],
  ])('%s of %s in %j: %s', (comm, leaderComm, cgroups, id) => {
    expect(matcher.match({ comm, leaderComm, cgroups })?.strategy.id).toBe(id);
    // Again, as remembered.
    expect(matcher.match({ comm, leaderComm, cgroups })?.strategy.id).toBe(id);
  });
});

describe('what is refused, as a whole', () => {
  test.each<[string, NodeRule, RegExp]>([
    ['an expression', rule('a', { commandRegex: '(?=x)' }), /the command_regex of strategy a is not an RE2 expression/],
    ['a list of CPUs', rule('a', { cpus: '3-1' }), /cpus of strategy a is not a list of CPUs/],
    ['an empty list of CPUs', rule('a', { cpus: ' ' }), /cpus of strategy a names no CPU/],
    ['an id of 65 bits', rule('a', { cgroups: ['18446744073709551616'] }), /a cgroup 18446744073709551616/],
    ['the id 0', rule('a', { cgroups: ['0'] }), /a cgroup 0/],
  ])('%s', (_, wrong, message) => {
    expect(() => ruleSetOfNode([rule('fine'), wrong])).toThrow(message);
  });

  test('more cgroups, and more lists of CPUs, than there is room for', () => {
    const ids = Array.from({ length: MAX_CGROUPS + 1 }, (_, i) => `${i + 1}`);
    expect(() => ruleSetOfNode([rule('a', { cgroups: ids })])).toThrow(/16385 cgroups/);
    expect(ruleSetOfNode([rule('a', { cgroups: ids.slice(1) })]).cgroups.size).toBe(MAX_CGROUPS);
    const lists = Array.from({ length: MAX_CPU_LISTS + 1 }, (_, cpu) => rule(`${cpu}`, { cpus: `${cpu}` }));
    expect(() => ruleSetOfNode(lists)).toThrow(/32 different lists/);
    expect(() => ruleSetOfNode(lists.slice(1))).not.toThrow();
  });
});

test('what the set before has compiled is not compiled again', () => {
  const first = ruleSetOfNode([rule('a', { commandRegex: '^x' })]);
  const second = ruleSetOfNode([rule('b', { commandRegex: '^y' }), rule('c', { commandRegex: '^x' })], first);
  expect(second.rules[1].pattern).toBe(first.rules[0].pattern);
  expect(second.matcher.match({ comm: 'xy', leaderComm: 'xy' })?.strategy.id).toBe('c');
  expect(second.matcher.match({ comm: 'yx', leaderComm: 'yx' })?.strategy.id).toBe('b');
});

test('lists that mean the same are one', () => {
  expect(ruleSetOfNode([rule('a', { cpus: '0,1,2' }), rule('b', { cpus: '0-2' })]).cpuLists).toEqual(['0-2']);
});

test('a file’s strategies keep their precedence: the more specific first', () => {
  const set = ruleSetOfFile([toRule({ priority: 1 }, 0), toRule({ priority: 9, command_regex: 'x' }, 1)]);
  expect(set.commands.map(({ rule: { id } }) => id)).toEqual(['strategies[1]', 'strategies[0]']);
});
