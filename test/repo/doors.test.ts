// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { doorFaults } from './doors.ts';
import { readText, repositoryFiles } from './files.ts';

test('packages meet at their doors and only look down', () => {
  // This file is full of bad examples.
  const files = repositoryFiles().filter((path) => path.endsWith('.ts') && path !== 'test/repo/doors.test.ts');
  expect(files).toContain('packages/cli/src/index.ts');
  expect(files.flatMap((path) => doorFaults(path, readText(path)))).toEqual([]);
});

const scheduler = 'packages/scheduler/src/loop.ts';

test.each([
  [scheduler, `import { a } from '@gthulhu/bpf';`, 0],
  [scheduler, `import type { a } from '../src/policies/policy.ts';`, 0],
  [scheduler, `import { a } from '@gthulhu/bpf/src/ring.ts';`, 1],
  [scheduler, `export {\n  a,\n} from '../../bpf/src/index.ts';`, 1],
  [scheduler, `const a = await import('@gthulhu/cli');`, 1],
  [scheduler, `import '@gthulhu/cli';`, 1],
  ['packages/bpf/src/ring.ts', `import { a } from '@gthulhu/scheduler';`, 1],
  ['packages/contracts/src/config.ts', `import { a } from '@gthulhu/bpf';`, 1],
  ['packages/agent/src/agent.ts', `import { a } from '@gthulhu/scheduler';`, 1],
  ['packages/agent/src/agent.ts', `import { a } from '@gthulhu/contracts';`, 0],
  ['packages/cli/src/main.ts', `import { a } from '../../../test/vm/guest.ts';`, 1],
  ['test/vm/guest.ts', `import { a } from '../../packages/bpf/src/index.ts';`, 1],
  ['test/vm/guest.ts', `import { a } from '@gthulhu/bpf';`, 0],
  ['test/vm/guest.ts', `import { a } from './other.ts';`, 0],
  ['test/vm/guest.ts', `import { a } from '@gthulhu/workloads/testing';`, 0],
  [scheduler, `import { a } from '@gthulhu/workloads/testing';`, 1],
])('%s: %s', (path, text, faults) => {
  expect(doorFaults(path, text)).toHaveLength(faults);
});
