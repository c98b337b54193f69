// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { cgroupPaths, podPlaceOf } from './cgroup-path.ts';

const HEX = '10ec3c89629f71226b227e6510b2d465168b24005bbdcc5d7940517080830635';
const UID = '20da609e-6973-4463-a1f9-2db9bcc5becc';
const BAR = UID.replaceAll('-', '_');

describe('pod and container of a cgroup', () => {
  test.each<[string, string, string | null]>([
    // As other readers of these paths understand them.
    ['/kubepods/burstable/podabc-def-123/container-id-456', 'abc-def-123', 'container-id-456'],
    ['/kubepods/besteffort/pod12345', '12345', null],
    ['/kubepods/podaaa-bbb-ccc/ctr', 'aaa-bbb-ccc', 'ctr'],
    [
      '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podabc_def_123.slice/docker-container.scope',
      'abc-def-123',
      'container',
    ],
    ['/kubepods-burstable-pod11_22_33.slice/', '11-22-33', null],
    // Both drivers, each runtime, guaranteed, burstable and best effort.
    [`/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${BAR}.slice/cri-containerd-${HEX}.scope`, UID, HEX],
    [`/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${BAR}.slice/crio-${HEX}.scope`, UID, HEX],
    [`/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${BAR}.slice/docker-${HEX}.scope`, UID, HEX],
    [`/kubepods.slice/kubepods-pod${BAR}.slice/crio-${HEX}.scope/container`, UID, HEX],
    [`/kubepods/pod${UID}/${HEX}`, UID, HEX],
    [`/kubepods/besteffort/pod${UID}/crio-${HEX}`, UID, HEX],
    // Static pods are named by the hash of their file.
    [`/kubepods/burstable/pod7dd4f3c2a1b09e8d7c6b5a4938271605/${HEX}`, '7dd4f3c2a1b09e8d7c6b5a4938271605', HEX],
    // A supervisor is in the pod and in no container.
    [`/kubepods.slice/kubepods-pod${BAR}.slice/crio-conmon-${HEX}.scope`, UID, null],
    // A node inside a container, and a cluster inside a pod: the outermost pod is this node's.
    [`/docker/${HEX}/kubelet/kubepods/burstable/pod${UID}/${HEX}`, UID, HEX],
    [`/kubepods/pod${UID}/${HEX}/kubepods/podinner/other`, UID, HEX],
    ['/../../kubepods/burstable/podabc/ctr', 'abc', 'ctr'],
    [`/kubepods/pod${UID}/${HEX} (deleted)`, UID, HEX],
    ['/kubepods/podabc/a name with spaces', 'abc', null],
  ])('%s', (path, podUid, containerId) => {
    expect(podPlaceOf(path)).toEqual({ podUid, containerId });
  });

  test.each([
    '',
    '/',
    '/system.slice/docker.service',
    '/podman-1234/x',
    '/user.slice/podabc',
    '/kubepods',
    '/kubepods/pod',
  ])('%s is in no pod', (path) => expect(podPlaceOf(path)).toBeNull());
});

test('paths of both hierarchies, that of version 2 first', () => {
  expect(cgroupPaths('12:memory:/a:b\n3:cpu,cpuacct:/c\n0::/d e\n')).toEqual(['/d e', '/a:b', '/c']);
  expect(cgroupPaths('')).toEqual([]);
  expect(cgroupPaths('rubbish\n1:x\n')).toEqual([]);
});
