// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '@gthulhu/workloads';
import { expect, test } from 'vitest';
import { workloadsAround } from './workloads-around.ts';

const workload = (name: string, cgroupPath: string | null, ...containers: string[]): Workload => ({
  namespace: '',
  name,
  uid: name,
  labels: {},
  qosClass: null,
  cgroupPath,
  cgroupId: null,
  containers: containers.map((path) => ({ name: path, id: '', cgroupPath: path, cgroupId: null })),
});
const all = [
  workload('user', '/user.slice/user@1.service', '/user.slice/user@1.service'),
  workload('pod', '/kubepods/podx', '/kubepods/podx/c1', '/kubepods/podx/c2'),
  workload('inner', '/kubepods/podx/c2/a.service', '/kubepods/podx/c2/a.service'),
  workload('late', null, '/kubepods/pody/c1'),
];

test.each<[string, string[], string | null]>([
  ['/', [], null],
  ['/kubepods', [], null],
  ['/kubepods/podx', ['pod'], null],
  ['/kubepods/podx/c1', ['pod'], '/kubepods/podx/c1'],
  ['/kubepods/podx/c1/deep', ['pod'], '/kubepods/podx/c1'],
  ['/kubepods/podx/c11', ['pod'], null],
  ['/kubepods/podx/c2/a.service/x', ['inner', 'pod'], '/kubepods/podx/c2/a.service'],
  ['/kubepods/pody/c1', ['late'], '/kubepods/pody/c1'],
])('around %s', (path, names, container) => {
  const around = workloadsAround(all, path);
  expect(around.workloads.map(({ name }) => name)).toEqual(names);
  expect(around.container?.cgroupPath ?? null).toBe(container);
});
