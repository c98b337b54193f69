// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NodeMatching } from './node-matching.ts';
import { ListProvider, matchingOf, podNamed } from './provider.fixture.ts';
import { toSpec } from './to-spec.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

const spec = (id: string, strategy: Parameters<typeof toSpec>[0]['strategy'], createdMs = 1_000_000) =>
  toSpec({ id, origin: 'node', createdMs, updatedMs: createdMs, strategy }) as NonNullable<ReturnType<typeof toSpec>>;
const ids = (matching: NodeMatching): string[] => matching.rules().rules.map(({ id }) => id);

test('strategies end by themselves, the next in its turn, and stay known', () => {
  const ended: string[] = [];
  const matching = new NodeMatching({
    provider: null,
    protection: { units: [], commands: [], cgroupIds: [], uids: [] },
    onEnded: (gone) => ended.push(...gone),
  });
  let told = 0;
  matching.onChange(() => told++);
  const put = [
    spec('short', { priority: 1, command_regex: 'a', maxDuration: '10s' }),
    spec('at', { priority: 2, command_regex: 'b', expiresAt: new Date(1_020_000).toISOString() }),
    spec('long', { priority: 3, command_regex: 'c', maxDuration: '2d' }),
    spec('past', { priority: 4, command_regex: 'd', maxDuration: '10s' }, 1_000),
    spec('ever', { priority: 5, command_regex: 'e' }),
  ];
  matching.changeStrategies({ put, removedIds: [] });
  expect(ids(matching)).toEqual(['short', 'at', 'long', 'ever']);
  vi.advanceTimersByTime(10_100);
  expect(ids(matching)).toEqual(['at', 'long', 'ever']);
  expect(told).toBe(1);
  vi.advanceTimersByTime(10_000);
  expect(ids(matching)).toEqual(['long', 'ever']);
  vi.advanceTimersByTime(2 * 86_400_000);
  expect(ids(matching)).toEqual(['ever']);
  expect(ended).toEqual(['short', 'at', 'long']);
  expect(matching.strategies()).toHaveLength(5);
  matching.stop();
});

test('one that is given a longer life before its end has it', () => {
  const matching = matchingOf(null);
  matching.changeStrategies({ put: [spec('a', { priority: 1, maxDuration: '10s' })], removedIds: [] });
  matching.changeStrategies({ put: [spec('a', { priority: 1, maxDuration: '20s' })], removedIds: [] });
  vi.advanceTimersByTime(15_000);
  expect(ids(matching)).toEqual(['a']);
  vi.advanceTimersByTime(15_000);
  expect(ids(matching)).toEqual([]);
  matching.stop();
});

test('a storm of workloads is told few times, and the last word is the last state', () => {
  const provider = new ListProvider();
  const matching = matchingOf(provider);
  matching.changeStrategies({ put: [spec('a', { priority: 1, namespaces: ['x'] })], removedIds: [] });
  const heard: number[] = [];
  matching.onChange(() => heard.push(matching.rules().rules[0]?.cgroups?.length ?? 0));
  for (let i = 1; i <= 100; i++) provider.change({ added: [podNamed(`p${i}`, 'x', `${i}`)] });
  vi.advanceTimersByTime(100);
  expect(heard).toEqual([100]);
  matching.stop();
  provider.change({ removed: provider.workloads() });
  vi.advanceTimersByTime(100);
  expect(heard).toEqual([100]);
});

test('the protected have no strategy, whatever it says', () => {
  const kubelet = {
    ...podNamed('k', 'system.slice', '7'),
    qosClass: null,
    cgroupPath: '/system.slice/kubelet.service',
  };
  const own = podNamed('own', 'x', '8');
  const unit = { ...kubelet, containers: [{ ...kubelet.containers[0], id: '' }] };
  const matching = new NodeMatching({
    provider: new ListProvider(unit, own, podNamed('other', 'x', '9')),
    protection: { units: ['kubelet.service'], commands: ['sshd'], cgroupIds: [], uids: ['own'] },
  });
  matching.changeStrategies({ put: [spec('all', { priority: 0, command_regex: '.*' })], removedIds: [] });
  const { rules } = matching.rules();
  expect(rules.map(({ id }) => id)).toEqual(['protected-cgroups', 'protected-commands', 'all']);
  expect(rules[0]).toMatchObject({ cgroups: ['7', '8'], priority: null, sliceNs: 0, cpus: null });
  const thread = { comm: 'x', leaderComm: 'x' };
  expect(matching.decideForTask([own], thread).protectedBy).toBe('its uid is in the list');
  expect(matching.decideForTask([], thread).strategy?.id).toBe('all');
  expect(matching.decideForTask([], { ...thread, leaderComm: 'sshd' }).protectedBy).toMatch(/sshd is in the list/);
});
