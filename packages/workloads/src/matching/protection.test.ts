// SPDX-License-Identifier: Apache-2.0
import { PROTECTED_RULE_IDS } from '@gthulhu/contracts';
import { describe, expect, test } from 'vitest';
import type { Workload } from '../workload.ts';
import { match } from './match.ts';
import { createMatcher } from './matcher.ts';
import { createRuleMaker, nodeRules } from './node-rules.ts';
import { DEFAULT_PROTECTION, globMatches, type Protection, protectedBy } from './protection.ts';
import { strategy, workload } from './random.fixture.ts';
import type { StrategySpec } from './strategy-spec.ts';

test.each([
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['a*', 'abc', true],
  ['*c', 'abc', true],
  ['a*c', 'abcbc', true],
  ['a*b*c', 'a1b2c', true],
  ['a*b*c', 'a1c2b', false],
  ['a.c', 'abc', false],
  ['**', 'x', true],
])('%s on %s: %s', (pattern, text, matches) => {
  expect(globMatches(pattern, text)).toBe(matches);
});

test('a pattern with many stars ends soon', () => {
  expect(globMatches('*a'.repeat(50), `${'a'.repeat(5_000)}b`)).toBe(false);
});

const unit = (name: string, path = `/system.slice/${name}`): Workload =>
  workload(name, {
    cgroupPath: path,
    cgroupId: `${100 + name.length}`,
    containers: [{ name, id: '', cgroupPath: path, cgroupId: `${100 + name.length}` }],
  });

describe('who is protected', () => {
  test.each<[string, Workload, boolean]>([
    ['kubelet', unit('kubelet.service'), true],
    ['a unit of systemd', unit('systemd-journald.service'), true],
    ['systemd itself', unit('init.scope', '/init.scope'), true],
    ['a login by ssh of its own', unit('ssh@1-2.service'), true],
    ['ourselves', unit('gthulhu-scheduler.service'), true],
    ['nginx', unit('nginx.service'), false],
    ['one whose name only begins like it', unit('kubelet.service.d'), false],
    ['a pod that calls itself kubelet.service', { ...unit('kubelet.service'), qosClass: 'Burstable' }, false],
    [
      'a container that runs as sshd.service',
      { ...unit('sshd.service'), containers: [{ name: 'x', id: 'abc', cgroupPath: null, cgroupId: null }] },
      false,
    ],
    ['our own pod, by its uid', workload('own', { qosClass: 'Burstable' }), true],
    ['our own cgroup', workload('x', { cgroupId: '4711' }), true],
    [
      'our own container',
      workload('y', {
        qosClass: 'Burstable',
        containers: [{ name: 'a', id: 'b', cgroupPath: '/a', cgroupId: '4711' }],
      }),
      true,
    ],
    ['one without a cgroup yet', workload('z'), false],
  ])('%s', (_, given, isProtected) => {
    const protection: Protection = { ...DEFAULT_PROTECTION, uids: ['own'], cgroupIds: ['4711'] };
    expect(protectedBy(protection)(given) !== null).toBe(isProtected);
  });
});

test('a strategy about everything shows the protected, and gives them nothing', () => {
  const workloads = [unit('nginx.service'), unit('kubelet.service')];
  const result = match([strategy('all', { commandRegex: '.*', priority: 1 })], workloads, { nowMs: 0 });
  expect(result.get('nginx.service')?.decision.commands.map(({ id }) => id)).toEqual(['all']);
  expect(result.get('kubelet.service')?.decision).toMatchObject({
    policy: null,
    commands: [],
    protectedBy: 'kubelet.service is in the list',
  });
});

test.each([
  ['kubelet.service', 'kubelet'],
  ['containerd.service', 'containerd'],
  ['crio.service', 'crio'],
  ['docker.service', 'dockerd'],
  ['sshd.service', 'sshd'],
  ['init.scope', 'systemd'],
  ['systemd-logind.service', 'systemd-logind'],
  ['gthulhu.service', 'gthulhu'],
])('%s and %s get nothing, from a strategy about everything or one that names them', (name, command) => {
  const daemon = unit(name);
  const strategies = [
    strategy('all', { commandRegex: '.*', priority: 0 }),
    strategy('named', { selectors: [{ key: 'unit', value: name }], priority: 0 }),
  ];
  const matcher = createMatcher(protectedBy(DEFAULT_PROTECTION));
  matcher.changeStrategies({ put: strategies });
  matcher.changeWorkloads({ put: [{ ...daemon, labels: { unit: name } }] });
  const rules = nodeRules(matcher, DEFAULT_PROTECTION);
  const before = rules.slice(
    0,
    rules.findIndex(({ id }) => id === 'all'),
  );
  // What comes to its cgroup and to its name first gives nothing; the one that names it is no rule.
  expect(rules.map(({ id }) => id)).toEqual([PROTECTED_RULE_IDS.cgroups, PROTECTED_RULE_IDS.commands, 'all']);
  expect(before.map(({ priority, sliceNs, cpus }) => [priority, sliceNs, cpus])).toEqual([
    [null, 0, null],
    [null, 0, null],
  ]);
  expect(before[0].cgroups).toEqual([daemon.cgroupId]);
  expect(new RegExp(before[1].commandRegex).test(command)).toBe(true);
});

describe('rules for the scheduler of a node', () => {
  const pod = (uid: string, app: string, cgroupId: string | null, ...containerIds: string[]): Workload =>
    workload(uid, {
      namespace: 'shop',
      labels: { app },
      qosClass: 'Burstable',
      cgroupId,
      containers: containerIds.map((id) => ({ name: id, id, cgroupPath: `/${id}`, cgroupId: id })),
    });
  const workloads = [
    unit('kubelet.service'),
    unit('nginx.service'),
    pod('a', 'web', '10', '11', '12'),
    pod('b', 'web', null, '21', '22'),
    pod('c', 'db', '30', '31'),
    pod('d', 'web', null),
  ];
  const label = (value: string) => ({ selectors: [{ key: 'app', value }] });
  const rulesOf = (strategies: StrategySpec[], protection: Protection = DEFAULT_PROTECTION) => {
    const matcher = createMatcher(protectedBy(protection));
    matcher.changeStrategies({ put: strategies });
    matcher.changeWorkloads({ put: workloads });
    return nodeRules(matcher, protection);
  };
  const brief = (strategies: StrategySpec[]) =>
    rulesOf(strategies).map(({ id, cgroups }) => `${id}: ${cgroups?.join(' ') ?? 'all'}`);

  test.each<[string, StrategySpec[], string[]]>([
    ['none', [], []],
    [
      'a pod by the cgroup around it, else by its containers',
      [strategy('s', label('web'))],
      ['protected-cgroups: 115', 's: 10 21 22'],
    ],
    ['one that comes to nobody is no rule', [strategy('s', label('x'))], []],
    [
      'a loser has not the cgroups that it lost',
      [strategy('ns', { namespaces: ['shop'] }), strategy('db', label('db'))],
      ['protected-cgroups: 115', 'db: 30', 'ns: 10 21 22'],
    ],
    [
      'commands go before the policy that they are stronger than',
      [strategy('web', label('web')), strategy('cmd', { ...label('web'), commandRegex: 'x' })],
      ['protected-cgroups: 115', 'cmd: 10 21 22', 'web: 10 21 22'],
    ],
    [
      'one about everything is about every task, but for the protected',
      [strategy('all', {}), strategy('web', label('web'))],
      ['protected-cgroups: 115', 'web: 10 21 22', 'protected-commands: all', 'all: all'],
    ],
    [
      'one that another about everything hides is no rule',
      [
        strategy('a', { priority: 1 }),
        strategy('b', { priority: 2, commandRegex: 'x' }),
        strategy('c', { priority: 3 }),
      ],
      ['protected-cgroups: 115', 'protected-commands: all', 'b: all', 'a: all'],
    ],
  ])('%s', (_, strategies, expected) => {
    expect(brief(strategies)).toEqual(expected);
  });

  test('carry what the strategy gives', () => {
    const given = strategy('s', {
      ...label('db'),
      priority: 3,
      executionTimeNs: 2_000_000,
      cpus: '0-3',
      commandRegex: '^x$',
    });
    expect(rulesOf([given])).toContainEqual({
      id: 's',
      priority: 3,
      sliceNs: 2_000_000,
      cpus: '0-3',
      commandRegex: '^x$',
      cgroups: ['30'],
    });
  });

  test('one that names a unit is a rule before the unit comes, and carries its name', () => {
    const units = { selectors: [{ key: 'unit', value: 'job.scope' }] };
    expect(rulesOf([strategy('s', units), strategy('web', label('web'))])).toEqual([
      expect.objectContaining({ id: PROTECTED_RULE_IDS.cgroups }),
      expect.objectContaining({ id: 's', cgroups: [], units: [{ slice: '', name: 'job.scope' }] }),
      expect.not.objectContaining({ units: expect.anything() }),
    ]);
    const matcher = createMatcher(protectedBy(DEFAULT_PROTECTION));
    matcher.changeStrategies({ put: [strategy('s', units)] });
    expect(createRuleMaker(matcher, DEFAULT_PROTECTION, { units: false }).rules()).toEqual([]);
  });

  test('names of protected programs are taken literally', () => {
    const protection = { ...DEFAULT_PROTECTION, commands: ['a.b', 'c+'] };
    expect(
      rulesOf([strategy('all')], protection).find(({ id }) => id === PROTECTED_RULE_IDS.commands)?.commandRegex,
    ).toBe('^(?:a\\.b|c\\+)$');
  });

  test('cgroups of ours are kept out before they are workloads', () => {
    const protection = { ...DEFAULT_PROTECTION, cgroupIds: ['4711'] };
    expect(rulesOf([strategy('all')], protection)[0]).toMatchObject({
      cgroups: ['115', '4711'],
      priority: null,
      sliceNs: 0,
    });
  });
});
