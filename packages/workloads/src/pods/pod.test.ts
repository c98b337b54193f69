// SPDX-License-Identifier: Apache-2.0
import { readObject } from '@gthulhu/kube';
import { describe, expect, test } from 'vitest';
import { keepSame, type Pod, readPod } from './pod.ts';

const metadata = {
  name: 'web',
  namespace: 'shop',
  uid: '20da609e-6973-4463-a1f9-2db9bcc5becc',
  resourceVersion: '7',
  creationTimestamp: '2026-11-23T05:00:00Z',
};
const spec = { nodeName: 'node-1', containers: [] };

interface Parts {
  readonly metadata?: object;
  readonly spec?: unknown;
  readonly status?: unknown;
}

function podOf(parts: Parts, nodeName: string | null = 'node-1'): Pod | null {
  const object = readObject({ spec, ...parts, metadata: { ...metadata, ...parts.metadata } });
  if (object === null) throw new Error('no object');
  return readPod(object, nodeName);
}

const started = (name: string, id: string): object => ({ name, containerID: id, state: { running: {} } });

describe('a pod', () => {
  test('is kept without what nobody asks for', () => {
    const pod = podOf({
      metadata: {
        labels: { app: 'web' },
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(262_000) },
        managedFields: [{ manager: 'kubectl' }],
      },
      status: {
        phase: 'Running',
        qosClass: 'Burstable',
        initContainerStatuses: [
          { name: 'init', containerID: 'containerd://aa', state: { terminated: {} } },
          started('sidecar', 'containerd://bb'),
        ],
        containerStatuses: [started('main', 'cri-o://cc'), { name: 'waits', state: { waiting: {} } }],
        ephemeralContainerStatuses: [started('debug', 'docker://dd')],
      },
    });
    expect(pod).toEqual({
      uid: metadata.uid,
      namespace: 'shop',
      name: 'web',
      labels: { app: 'web' },
      qosClass: 'Burstable',
      cgroupUid: metadata.uid,
      createdAt: metadata.creationTimestamp,
      containers: [
        { name: 'init', id: 'aa', ended: true },
        { name: 'sidecar', id: 'bb', ended: false },
        { name: 'main', id: 'cc', ended: false },
        { name: 'debug', id: 'dd', ended: false },
      ],
    });
    expect(JSON.stringify(pod).length).toBeLessThan(600);
  });

  test.each<[string, Parts]>([
    ['of another node', { spec: { nodeName: 'node-2' } }],
    ['of no node', { spec: {} }],
    ['without a spec', { spec: null }],
    ['with a status that is a list', { status: [] }],
    ['that has succeeded', { status: { phase: 'Succeeded' } }],
    ['that has failed', { status: { phase: 'Failed' } }],
    ['without a namespace', { metadata: { namespace: undefined } }],
    ['whose uid would be a path', { metadata: { uid: '../../etc' } }],
    ['whose uid is endless', { metadata: { uid: 'a'.repeat(200) } }],
  ])('%s is none of ours', (_what, parts) => {
    expect(podOf(parts)).toBeNull();
  });

  test('of any node, where the kubelet is asked', () => {
    expect(podOf({ spec: {} }, null)).toMatchObject({ name: 'web' });
  });

  test('labels beyond the limits are left out, names that are none of JavaScript are kept', () => {
    const labels = JSON.parse(
      `{"__proto__": "a", "constructor": "b", "big": "${'x'.repeat(300)}", "number": 7, "${'k'.repeat(400)}": "c"}`,
    ) as object;
    const pod = podOf({ metadata: { labels } });
    expect(Object.entries(pod?.labels ?? {}).sort()).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`label-${i}`, 'x']));
    expect(Object.keys(podOf({ metadata: { labels: many } })?.labels ?? {})).toHaveLength(256);
    expect(podOf({ metadata: { labels: ['a'] } })?.labels).toEqual({});
    expect(podOf({ metadata: { labels: 'a' } })?.labels).toEqual({});
  });

  test.each<[string, unknown]>([
    ['statuses that are no list', { containerStatuses: { 0: started('a', 'containerd://b') } }],
    ['statuses of nothing', { containerStatuses: [null, 7, 'a', []] }],
    ['a container without a name', { containerStatuses: [{ containerID: 'containerd://a' }] }],
    ['an id of nothing', { containerStatuses: [started('a', 'containerd://')] }],
    ['an id that is a number', { containerStatuses: [{ name: 'a', containerID: 7 }] }],
    ['an endless id', { containerStatuses: [started('a', `containerd://${'f'.repeat(1000)}`)] }],
    ['an endless name', { containerStatuses: [started('a'.repeat(1000), 'containerd://b')] }],
  ])('%s: no container', (_what, status) => {
    expect(podOf({ status })?.containers).toEqual([]);
  });

  test('does not have endless containers', () => {
    const containerStatuses = Array.from({ length: 2000 }, (_, i) => started(`c${i}`, `containerd://${i}`));
    const status = { containerStatuses, initContainerStatuses: containerStatuses };
    expect(podOf({ status })?.containers).toHaveLength(512);
  });

  test.each<[string, object | undefined, string]>([
    ['none', undefined, metadata.uid],
    ['of a static pod', mirror('3f1e5b9c7d2a4f6088c1d2e3f4a5b6c7'), '3f1e5b9c7d2a4f6088c1d2e3f4a5b6c7'],
    ['that name the UID of another pod', mirror('e52d4a2a-6e5f-44d9-a8b8-37ff3daa7413'), metadata.uid],
    ['with a hash alone', { 'kubernetes.io/config.hash': '3f1e5b9c7d2a4f6088c1d2e3f4a5b6c7' }, metadata.uid],
    ['with a path', mirror('../../system.slice'), metadata.uid],
    ['that are no texts', { 'kubernetes.io/config.mirror': 1, 'kubernetes.io/config.hash': 2 }, metadata.uid],
  ])('annotations %s: its cgroups', (_what, annotations, cgroupUid) => {
    expect(podOf({ metadata: { annotations } })?.cgroupUid).toBe(cgroupUid);
  });
});

function mirror(hash: string): object {
  return {
    'kubernetes.io/config.mirror': hash,
    'kubernetes.io/config.hash': hash,
    'kubernetes.io/config.source': 'file',
  };
}

describe('a pod that comes again', () => {
  const parts = (version: string, label: string, ids: readonly string[], phase = 'Running'): Parts => ({
    metadata: { resourceVersion: version, labels: { app: label, tier: 'front' } },
    status: { phase, containerStatuses: ids.map((id) => started(id, `containerd://${id}`)) },
  });
  const first = podOf(parts('7', 'web', ['a', 'b'])) as Pod;

  test('is the one before where nothing that is kept has changed', () => {
    expect(keepSame(first, podOf({ ...parts('8', 'web', ['a', 'b']), spec: { ...spec, priority: 3 } }))).toBe(first);
  });

  test('shares with the one before what is the same', () => {
    const relabelled = keepSame(first, podOf(parts('8', 'shop', ['a', 'b'])));
    expect(relabelled).toEqual(podOf(parts('8', 'shop', ['a', 'b'])));
    expect(relabelled?.containers).toBe(first.containers);
    const restarted = keepSame(first, podOf(parts('8', 'web', ['a', 'c'])));
    expect(restarted).toEqual(podOf(parts('8', 'web', ['a', 'c'])));
    expect(restarted?.labels).toBe(first.labels);
  });

  test.each<[string, Partial<Pod>]>([
    ['uid', { uid: 'other' }],
    ['qosClass', { qosClass: 'Guaranteed' }],
    ['cgroupUid', { cgroupUid: 'other' }],
    ['createdAt', { createdAt: '2026-11-24T05:00:00Z' }],
    ['labels', { labels: { app: 'web' } }],
    ['containers', { containers: first.containers.map((one) => ({ ...one, ended: true })) }],
  ])('with another %s is another one', (_, change) => {
    expect(keepSame(first, { ...first, ...change })).toEqual({ ...first, ...change });
  });

  test('is none when it has come to its end, and the first has nothing before it', () => {
    expect(keepSame(first, podOf(parts('8', 'web', [], 'Succeeded')))).toBeNull();
    expect(keepSame(undefined, first)).toBe(first);
  });
});
