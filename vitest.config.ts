// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';
import { Tally } from './test/tally.ts';

// `unit` needs nothing but this machine; `contract` asks the built node API over HTTP; `vm` and `matrix` boot test
// machines, two at a time: one for each of two files, one for each of two rows; `kube` starts one Kubernetes cluster on
// loopback that all its files share: one process, one file after the other.
export default defineConfig({
  test: {
    reporters: ['default', new Tally()],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/{src,test}/**/*.test.ts',
            'test/{repo,fault}/**/*.test.ts',
            'test/kube/rig/place.test.ts',
            'bench/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', 'test/fault/kube*.test.ts'],
        },
      },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'vm',
          sequence: { groupOrder: 1 },
          include: ['test/vm/**/*.test.ts'],
          exclude: ['test/vm/matrix.test.ts'],
          maxWorkers: 2,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'matrix',
          sequence: { groupOrder: 2 },
          include: ['test/vm/matrix.test.ts'],
        },
      },
      {
        test: {
          name: 'kube',
          sequence: { groupOrder: 3 },
          include: ['test/kube/**/*.test.ts', 'test/fault/kube*.test.ts'],
          exclude: ['**/node_modules/**', 'test/kube/rig/place.test.ts'],
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
