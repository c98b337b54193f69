// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { identifyCgroup, pathParts, unifiedPath } from './cgroup-path.ts';

const ID = '10ec3c89629f71226b227e6510b2d465168b24005bbdcc5d7940517080830635';
const ID2 = 'bc96d8a8c0b3a8a4f64a7e1e0c1cf1b2f3d4e5f60718293a4b5c6d7e8f901234';
const UID = '20da609e-6973-4463-a1f9-2db9bcc5becc';
const UID_ = UID.replaceAll('-', '_');
const STATIC = '3f1e5b9c7d2a4f6088c1d2e3f4a5b6c7';

/** kind, uid of the pod, its class, id of the container, runtime, unit, slice, user */
function brief(path: string): string {
  const { kind, pod, container, unit, slice, user } = identifyCgroup(path);
  const fields = {
    pod: pod?.uid,
    qos: pod?.qosClass,
    id: container?.id,
    runtime: container?.runtime,
    unit,
    slice,
    user,
  };
  return [kind, ...Object.entries(fields).flatMap(([key, value]) => (value ? [`${key}=${value}`] : []))].join(' ');
}

describe('pods', () => {
  test.each([
    // as earlier tools had them
    [
      '/kubepods/burstable/podabc-def-123/container-id-456',
      'container pod=abc-def-123 qos=Burstable id=container-id-456',
    ],
    ['/kubepods/besteffort/pod12345', 'pod pod=12345 qos=BestEffort'],
    ['/kubepods/podaaa-bbb-ccc/ctr', 'container pod=aaa-bbb-ccc qos=Guaranteed id=ctr'],
    [
      '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podabc_def_123.slice/docker-container.scope',
      'container pod=abc-def-123 qos=Burstable id=container runtime=docker slice=kubepods-burstable.slice',
    ],
    ['/kubepods-burstable-pod11_22_33.slice/', 'pod pod=11-22-33 qos=Burstable'],
    [
      `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope`,
      `container pod=${UID} qos=Guaranteed id=${ID} runtime=containerd slice=kubelet-kubepods.slice`,
    ],
    [
      `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pode52d4a2a_6e5f_44d9_a8b8_37ff3daa7413.slice/cri-containerd-${ID2}.scope`,
      `container pod=e52d4a2a-6e5f-44d9-a8b8-37ff3daa7413 qos=BestEffort id=${ID2} runtime=containerd slice=kubelet-kubepods-besteffort.slice`,
    ],
    [
      '/kubepods/burstable/pod31e4e721-a5a0-421a-ae1d-b7971ae30d6e/x',
      'container pod=31e4e721-a5a0-421a-ae1d-b7971ae30d6e qos=Burstable id=x',
    ],
    // static pods
    [`/kubepods/burstable/pod${STATIC}/${ID}`, `container pod=${STATIC} qos=Burstable id=${ID}`],
    [
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice`,
      `pod pod=${STATIC} qos=Burstable slice=kubepods-burstable.slice`,
    ],
    // runtimes
    [
      `/kubepods.slice/kubepods-pod${UID_}.slice/crio-${ID}.scope`,
      `container pod=${UID} qos=Guaranteed id=${ID} runtime=cri-o slice=kubepods.slice`,
    ],
    [
      `/kubepods.slice/kubepods-pod${UID_}.slice/crio-${ID}.scope/container`,
      `inner pod=${UID} qos=Guaranteed id=${ID} runtime=cri-o slice=kubepods.slice`,
    ],
    [
      `/kubepods.slice/kubepods-pod${UID_}.slice/crio-conmon-${ID}.scope`,
      `inner pod=${UID} qos=Guaranteed slice=kubepods.slice`,
    ],
    [`/kubepods/pod${UID}/crio-${ID}`, `container pod=${UID} qos=Guaranteed id=${ID} runtime=cri-o`],
    // a runtime with the cgroupfs driver below a kubelet with the systemd driver
    [
      `/system.slice/containerd.service/kubepods-besteffort-pod${UID_}.slice:cri-containerd:${ID}`,
      `container pod=${UID} qos=BestEffort id=${ID} runtime=containerd slice=system.slice`,
    ],
    // a cgroup root of its own
    [`/custom/kubepods/besteffort/pod${UID}`, `pod pod=${UID} qos=BestEffort`],
    // a cluster in containers of docker
    [
      `/system.slice/docker-${ID}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UID_}.slice/cri-containerd-${ID2}.scope`,
      `container pod=${UID} qos=Guaranteed id=${ID2} runtime=containerd slice=kubelet-kubepods.slice`,
    ],
    // from within a private cgroup namespace
    [
      `/../../kubepods-burstable.slice/kubepods-burstable-pod${UID_}.slice/cri-containerd-${ID}.scope`,
      `container pod=${UID} qos=Burstable id=${ID} runtime=containerd slice=kubepods-burstable.slice`,
    ],
    [`/../../kubepods/burstable/pod${UID}`, `pod pod=${UID} qos=Burstable`],
    ['/../..', 'group'],
    // the folders above pods
    ['/kubepods', 'group'],
    ['/kubepods/burstable', 'group'],
    ['/kubepods.slice/kubepods-burstable.slice', 'group slice=kubepods-burstable.slice'],
    // names in a pod make no other pod
    [
      `/kubepods/pod${UID}/${ID}/kubepods/pod11111111-1111-1111-1111-111111111111`,
      `inner pod=${UID} qos=Guaranteed id=${ID}`,
    ],
    [`/kubepods/pod${UID}/${ID}/system.slice/sshd.service`, `inner pod=${UID} qos=Guaranteed id=${ID}`],
    // nor what a user writes
    [
      `/user.slice/user-1000.slice/user@1000.service/kubepods/pod${UID}`,
      'inner unit=user@1000.service slice=user-1000.slice user=1000',
    ],
    [
      `/user.slice/user-1000.slice/user@1000.service/x.slice/kubepods-pod${UID_}.slice`,
      `group slice=kubepods-pod${UID_}.slice user=1000`,
    ],
  ])('%s', (path, expected) => {
    expect(brief(path)).toBe(expected);
  });
});

describe('without Kubernetes', () => {
  test.each([
    ['/', 'group'],
    ['', 'group'],
    ['/system.slice', 'group slice=system.slice'],
    ['/system.slice/docker.service', 'unit unit=docker.service slice=system.slice'],
    ['/init.scope', 'unit unit=init.scope'],
    ['/system.slice/system-getty.slice/getty@tty1.service', 'unit unit=getty@tty1.service slice=system-getty.slice'],
    ['/system.slice/run-u12.scope', 'unit unit=run-u12.scope slice=system.slice'],
    ['/system.slice/a.service/worker 1', 'inner unit=a.service slice=system.slice'],
    ['/user.slice/user-1000.slice/session-3.scope', 'unit unit=session-3.scope slice=user-1000.slice user=1000'],
    [
      '/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-1.scope',
      'unit unit=app-firefox-1.scope slice=app.slice user=1000',
    ],
    ['/user.slice/user-0.slice/user@0.service/init.scope', 'unit unit=init.scope slice=user-0.slice user=0'],
    [
      '/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/vcpu0',
      'inner unit=machine-qemu\\x2d1\\x2dvm.scope slice=machine.slice',
    ],
    [`/system.slice/docker-${ID}.scope`, `container id=${ID} runtime=docker slice=system.slice`],
    [`/docker/${ID}`, `container id=${ID} runtime=docker`],
    [`/docker/${ID}/docker/${ID2}`, `container id=${ID2} runtime=docker`],
    ['/docker', 'group'],
    ['/docker/buildx', 'plain'],
    [`/machine.slice/libpod-${ID}.scope/container`, `inner id=${ID} runtime=podman slice=machine.slice`],
    [`/machine.slice/libpod-conmon-${ID}.scope`, `unit unit=libpod-conmon-${ID}.scope slice=machine.slice`],
    [
      `/machine.slice/machine-libpod_pod_${ID2}.slice/libpod-${ID}.scope`,
      `container id=${ID} runtime=podman slice=machine-libpod_pod_${ID2}.slice`,
    ],
    [`/libpod_parent/libpod-${ID}`, `container id=${ID} runtime=podman`],
    [
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`,
      `container id=${ID} runtime=podman slice=user.slice user=1000`,
    ],
    [`/system.slice/nerdctl-${ID}.scope`, `container id=${ID} runtime=containerd slice=system.slice`],
    [`/default/${ID}`, `container id=${ID} runtime=containerd`],
    [`/system.slice:docker:${ID}`, `container id=${ID} runtime=docker`],
    ['/lxc.payload.web/system.slice/nginx.service', 'unit id=web runtime=lxc unit=nginx.service slice=system.slice'],
    ['/lxc/web', 'container id=web runtime=lxc'],
    ['/batch', 'plain'],
    ['/batch/night', 'plain'],
    ['/a:b:c', 'plain'],
    ['/podman', 'plain'],
    ['/pod12345', 'plain'],
    ['/kubepods.slice.d', 'plain'],
    ['/burstable/pod1', 'plain'],
    ['/__proto__/constructor', 'plain'],
  ])('%s', (path, expected) => {
    expect(brief(path)).toBe(expected);
  });

  test.each([
    ['/system.slice/a.service/x/y', '/system.slice/a.service'],
    [`/docker/${ID}/x`, `/docker/${ID}`],
    [`/kubepods/pod${UID}/${ID}/x`, `/kubepods/pod${UID}`],
    ['/a/b', '/a/b'],
    ['/system.slice', null],
  ])('%s belongs to %s', (path, workload) => {
    expect(identifyCgroup(path).workloadPath).toBe(workload);
  });
});

test.each([
  ['a b', '/with space/a b.service'],
  ['newline', '/a\nkubepods/podX'],
  ['NUL and control characters', '/\0/\u001b[2J'],
  ['bytes that are no text', `/${Buffer.from([0xff, 0xfe]).toString('latin1')}`],
  ['half of a pair', '/\ud800.service'],
  ['very long', `/${'a'.repeat(100_000)}`],
  ['very deep', '/a'.repeat(5_000)],
  ['many dashes', `/${'kubepods-'.repeat(3_000)}pod`],
  ['slashes', '////'],
])('%s: one answer, no error, soon', (_, path) => {
  const { kind } = identifyCgroup(path);
  expect(['unit', 'plain', 'group']).toContain(kind);
});

test('a newline in a name makes no other cgroup', () => {
  expect(unifiedPath('0::/a\n1:cpu:/b\n')).toBe('/a');
  expect(identifyCgroup('/a\nkubepods/pod1').pod).toBeNull();
});

test.each([
  ['0::/system.slice/a.service\n', '/system.slice/a.service'],
  ['12:memory:/x\n0::/y:z\n', '/y:z'],
  ['12:memory:/x\n1:name=systemd:/init.scope\n', null],
  ['0::/gone.scope (deleted)\n', '/gone.scope'],
  ['0::/\n', '/'],
  ['', null],
])('%j: %s', (text, path) => {
  expect(unifiedPath(text)).toBe(path);
});

test('the way out of a namespace is no part', () => {
  expect(pathParts('/../../a/./b//c/')).toEqual(['a', 'b', 'c']);
});
