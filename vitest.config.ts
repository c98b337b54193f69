// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';
import { Tally } from './test/tally.ts';

// `unit` needs nothing but this machine; `vm` boots test machines, one at a time; `kube` starts one Kubernetes
// cluster on loopback that all its files share, so they run in one process, one after the other.
export default defineConfig({
  test: {
    reporters: ['default', new Tally()],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/{src,test}/**/*.test.ts', 'test/repo/**/*.test.ts', 'bench/**/*.test.ts'],
        },
      },
      {
        test: {
          name: 'vm',
          sequence: { groupOrder: 1 },
          include: ['test/vm/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'kube',
          sequence: { groupOrder: 2 },
          include: ['test/kube/**/*.test.ts', 'test/fault/**/*.test.ts'],
          globalSetup: ['test/kube/rig/global-setup.ts'],
          pool: 'forks',
          isolate: false,
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
