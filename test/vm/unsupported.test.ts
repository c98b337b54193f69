// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { root } from './machine.ts';

const has = existsSync('/sys/kernel/sched_ext');

it.skipIf(has)('says so, and how, where the kernel has no sched_ext', () => {
  const { status, stdout } = spawnSync(`${root}bin/gthulhu`, ['scheduler'], { encoding: 'utf8' });
  expect(status).toBe(78);
  expect(stdout).toMatch(/sched_ext is unsupported on this kernel .*CONFIG_SCHED_CLASS_EXT/);
});
