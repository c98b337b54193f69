// SPDX-License-Identifier: Apache-2.0
/** The addon's struct_ops side, on kernels that have sched_ext: one object for all of them. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = 'packages/bpf/src/testing/guest-struct-ops.ts';

interface Outcome {
  readonly nulledOps: string[];
  readonly enabled: boolean;
  readonly name: string;
  readonly busy: string;
  readonly ran: number;
  readonly disabled: boolean;
}

function runIn(kernel: string): Outcome {
  const line = `cd ${root} && node_modules/.bin/node ${script}`;
  const output = execFileSync('scripts/vm', ['--kernel', kernel, '--timeout', '240', '--', line], {
    cwd: root,
    encoding: 'utf8',
  });
  const json = output.split('\n').find((text) => text.startsWith('{'));
  return JSON.parse(json ?? output) as Outcome;
}

test.each([
  ['7', ['from_the_future']],
  ['6.12', ['cgroup_set_bandwidth', 'from_the_future']],
])('kernel %s: callbacks it does not have are taken out, the rest attaches and detaches', (kernel, nulledOps) => {
  const outcome = runIn(kernel);
  expect(outcome).toMatchObject({ nulledOps, enabled: true, name: 'renamed_by_test', disabled: true });
  expect(outcome.ran).toBeGreaterThan(0);
  expect(outcome.busy).toMatch(/ERR_BPF_ATTACH 16 .*another sched_ext scheduler is attached/);
});
