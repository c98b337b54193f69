// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Workload } from '../workload.ts';
import { joinPod, rightful } from './join.ts';
import type { Pod } from './pod.ts';
import { createPodIndex } from './pod-index.ts';

const HASH = '3f1e5b9c7d2a4f6088c1d2e3f4a5b6c7';
const pod = (name: string, more: Partial<Pod> = {}): Pod => ({
  uid: `uid-${name}`,
  namespace: 'shop',
  name,
  labels: { app: name },
  qosClass: null,
  cgroupUid: more.uid ?? `uid-${name}`,
  createdAt: '2026-11-23T05:00:00Z',
  containers: [],
  ...more,
});
const cgroup = (id: string): Workload['containers'][number] => ({
  name: id,
  id,
  cgroupPath: `/kubepods/podx/${id}`,
  cgroupId: `1${id}`,
});
const found = (...ids: string[]): Workload => ({
  namespace: '',
  name: 'podx',
  uid: 'x',
  labels: {},
  qosClass: 'BestEffort',
  cgroupPath: '/kubepods/podx',
  cgroupId: '7',
  containers: ids.map(cgroup),
});
const containers = (workload: Workload): string[] =>
  workload.containers.map(({ name, id, cgroupId }) => `${name} ${id} ${cgroupId}`);

test('names come from the pod, cgroups from the tree', () => {
  const workload = joinPod(
    pod('web', {
      containers: [
        { name: 'main', id: '3', ended: false },
        { name: 'init', id: '1', ended: true },
        { name: 'ending', id: '2', ended: true },
        { name: 'starting', id: '4', ended: false },
      ],
    }),
    found('2', '3', '9'),
  );
  expect(workload).toMatchObject({ namespace: 'shop', name: 'web', uid: 'uid-web', labels: { app: 'web' } });
  expect(workload).toMatchObject({ qosClass: 'BestEffort', cgroupPath: '/kubepods/podx', cgroupId: '7' });
  expect(containers(workload)).toEqual(['9 9 19', 'ending 2 12', 'main 3 13', 'starting 4 null']);
});

test('a pod without a cgroup has none, and what it says of its containers gives it none', () => {
  const workload = joinPod(pod('web', { containers: [{ name: 'main', id: '3', ended: false }] }), undefined);
  expect(workload).toMatchObject({ cgroupPath: null, cgroupId: null });
  expect(containers(workload)).toEqual(['main 3 null']);
});

test('a container that is told of twice is there once with its cgroup', () => {
  const twice = { id: '3', ended: false };
  const workload = joinPod(
    pod('web', {
      containers: [
        { name: 'a', ...twice },
        { name: 'b', ...twice },
      ],
    }),
    found('3'),
  );
  expect(containers(workload)).toEqual(['a 3 13', 'b 3 null']);
});

test.each<[string, Pod[], string]>([
  ['alone', [pod('a')], 'a'],
  ['the older', [pod('new', { createdAt: '2026-11-23T06:00:00Z' }), pod('old')], 'old'],
  ['its own UID', [pod('claims', { createdAt: '2020', cgroupUid: 'uid-owns' }), pod('owns')], 'owns'],
  ['of an age the same every time', [pod('b'), pod('a')], 'a'],
])('who has a cgroup: %s', (_why, claims, name) => {
  expect(rightful(claims).name).toBe(name);
  expect(rightful([...claims].reverse()).name).toBe(name);
});

test('a dispute is told, and over when one of them leaves', () => {
  const index = createPodIndex();
  const old = pod('old', { cgroupUid: HASH });
  index.set('shop/thief', pod('thief', { cgroupUid: HASH, createdAt: '2026-11-24' }));
  expect(index.byCgroupUid(HASH)?.name).toBe('thief');
  expect([...index.set('shop/old', old)]).toEqual([HASH]);
  expect(index.byCgroupUid(HASH)?.name).toBe('old');
  expect(index.disputes()).toEqual([`2 pods claim the cgroup of ${HASH}: shop/old has it, not shop/thief`]);
  expect(index.rightfulPods()).toEqual([old]);
  // It says something else now: both places change.
  expect([...index.set('shop/old', { ...old, cgroupUid: 'uid-old' })].sort()).toEqual([HASH, 'uid-old']);
  expect(index.disputes()).toEqual([]);
  expect([...index.delete('shop/thief')]).toEqual([HASH]);
  expect([...index.delete('shop/thief')]).toEqual([]);
  expect(index.byCgroupUid(HASH)).toBeUndefined();
  expect(index.size).toBe(1);
});
