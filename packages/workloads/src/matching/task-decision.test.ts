// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createMatcher } from './matcher.ts';
import { DEFAULT_PROTECTION, protectedBy } from './protection.ts';
import { strategy, workload } from './random.fixture.ts';
import type { StrategySpec } from './strategy-spec.ts';
import { decideForTask } from './task-decision.ts';

const pod = workload('pod', { namespace: 'shop', labels: { app: 'web' } });
const inner = workload('inner', { namespace: '', labels: { unit: 'a.service' } });
const kubelet = workload('k', { name: 'kubelet.service', cgroupPath: '/system.slice/kubelet.service' });
const label = { selectors: [{ key: 'app', value: 'web' }] };

const decide = (strategies: StrategySpec[], around = [pod], comm = 'node', leaderComm = 'node') => {
  const matcher = createMatcher(protectedBy(DEFAULT_PROTECTION));
  matcher.changeStrategies({ put: strategies });
  matcher.changeWorkloads({ put: [pod, inner, kubelet] });
  return decideForTask(matcher, around, { comm, leaderComm }, DEFAULT_PROTECTION);
};

test.each<[string, ReturnType<typeof decide>, string | null, string[]]>([
  ['nothing means it', decide([]), null, []],
  [
    'labels before a namespace before everything',
    decide([strategy('all'), strategy('ns', { namespaces: ['shop'] }), strategy('web', label)]),
    'web',
    ['ns by labels', 'all by labels'],
  ],
  [
    'a command that is not its own has no say',
    decide([strategy('cmd', { ...label, commandRegex: '^sh$' }), strategy('web', label)]),
    'web',
    [],
  ],
  [
    'the name of the process counts for its threads',
    decide([strategy('cmd', { ...label, commandRegex: '^sh$' }), strategy('web', label)], [pod], 'worker', 'sh'),
    'cmd',
    ['web by command'],
  ],
  ['around it counts where the nearest has none', decide([strategy('web', label)], [inner, pod]), 'web', []],
  ['outside of all workloads', decide([strategy('all'), strategy('web', label)], []), 'all', []],
])('%s', (_, { strategy: won, losses }, expected, lost) => {
  expect(won?.id ?? null).toBe(expected);
  expect(losses.map((loss) => `${loss.strategy.id} by ${loss.because}`)).toEqual(lost);
});

test('the protected have none, by their unit or by their command', () => {
  expect(decide([strategy('all')], [kubelet])).toMatchObject({
    strategy: null,
    protectedBy: 'kubelet.service is in the list',
  });
  expect(decide([strategy('all')], [pod], 'x', 'sshd')).toMatchObject({
    strategy: null,
    protectedBy: 'its command sshd is in the list',
  });
  // Who names workloads means them, whatever they call themselves.
  expect(decide([strategy('web', label)], [pod], 'sshd', 'sshd').strategy?.id).toBe('web');
});
