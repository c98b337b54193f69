// SPDX-License-Identifier: Apache-2.0
/** The programs about workloads load and tell the same on the oldest and the newest kernel. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { root, whyNoMachines } from './machine.ts';

const why = whyNoMachines();

test.skipIf(why !== null && process.env.CI !== 'true').each(['6.12', '7'])('workloads on Linux %s', (kernel) => {
  expect(why).toBeNull();
  execFileSync('make', ['-s', 'guest-programs'], { cwd: root });
  const command = ['node_modules/.bin/node', 'test/vm/guest/workloads.ts', 'build/bpf/workloads.bpf.o'];
  const machine = ['--kernel', kernel, '--cpus', '1', '--icount', '--timeout', '400', '--'];
  const arguments_ = [...machine, ...command, 'build/vm/programs/into-cgroup'];
  const output = execFileSync('scripts/vm', arguments_, { cwd: root, encoding: 'utf8' });
  const seen = JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? output);
  expect(seen).toMatchObject({
    health: { state: 'ready', message: '' },
    // known before its first container
    atMkdir: 0,
    container: { cgroupId: seen.cgroupId },
    movedKinds: ['attach'],
    inKernel: seen.container.cgroupPath,
    repairs: 0,
    lost: 0,
  });
  expect(seen.bornKinds[0]).toBe('fork');
  expect(seen.bornKinds).toContain('exec');
  expect(seen.bornKinds).not.toContain('attach');
});
