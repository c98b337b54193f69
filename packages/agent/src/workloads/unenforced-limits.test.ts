// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { podNamed } from './provider.fixture.ts';
import { countUnenforced, watchUnenforced } from './unenforced-limits.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'gthulhu-limits.'));
  const files: Record<string, string> = {
    'free/cpu.max': 'max 100000\n',
    'free/cpu.weight': '100\n',
    'free/main/cpu.max': 'max 100000\n',
    'limited/main/cpu.max': '50000 100000\n',
    'weighted/cpu.weight': '39\n',
    'both/cpu.max': '20000 100000\n',
    'both/main/cpu.weight': '1\n',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, 'kubepods', path, '..'), { recursive: true });
    writeFileSync(join(root, 'kubepods', path), text);
  }
});
afterAll(() => rmSync(root, { recursive: true }));

const pods = ['free', 'limited', 'weighted', 'both', 'gone'].map((name, i) => podNamed(name, 'x', `${i}`));

test('limits of the pod or of a container count once for each workload', async () => {
  expect(await countUnenforced(pods, root)).toEqual({ cpuMax: 2, cpuWeight: 2 });
  expect(await countUnenforced([], root)).toEqual({ cpuMax: 0, cpuWeight: 0 });
});

test('a machine without cgroup v2 has none', async () => {
  const watch = await watchUnenforced(() => pods, null);
  expect(watch.last).toEqual({ cpuMax: 0, cpuWeight: 0 });
  watch.stop();
});
