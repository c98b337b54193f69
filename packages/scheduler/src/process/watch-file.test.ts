// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FileWatch, watchFile } from './watch-file.ts';

let dir: string;
let file: string;
let watched: FileWatch | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gthulhu-watch-'));
  file = join(dir, 'policy.ts');
  writeFileSync(file, 'one');
});
afterEach(() => {
  watched?.stop();
  rmSync(dir, { recursive: true });
});

/** Without the look every few seconds: what is told is told by an event. */
const NEVER = 1_000_000;

function watchIt(rereadMs = NEVER, path = file) {
  const onChange = vi.fn();
  const onUnwatched = vi.fn();
  watched = watchFile(path, { onChange, onUnwatched, settleMs: 10, rereadMs });
  return { onChange, onUnwatched };
}

test.each<[string, () => void]>([
  ['written in place', () => writeFileSync(file, 'two')],
  [
    'renamed over',
    () => {
      writeFileSync(join(dir, '.policy.ts.swp'), 'two');
      renameSync(join(dir, '.policy.ts.swp'), file);
    },
  ],
  [
    'removed and made again',
    () => {
      rmSync(file);
      writeFileSync(file, 'two');
    },
  ],
])('%s', async (_, change) => {
  const { onChange } = watchIt();
  change();
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
});

test('a symlink turned round, as ConfigMaps do', async () => {
  for (const version of ['..v1', '..v2']) {
    mkdirSync(join(dir, version));
    writeFileSync(join(dir, version, 'mounted.ts'), version);
  }
  symlinkSync('..v1', join(dir, '..data'));
  symlinkSync('..data/mounted.ts', join(dir, 'mounted.ts'));
  const { onChange } = watchIt(NEVER, join(dir, 'mounted.ts'));
  symlinkSync('..v2', join(dir, '..data_tmp'));
  renameSync(join(dir, '..data_tmp'), join(dir, '..data'));
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
});

test('many writes are one change', async () => {
  const { onChange } = watchIt();
  for (let i = 0; i < 20; i++) writeFileSync(file, String(i));
  await sleep(200);
  expect(onChange).toHaveBeenCalledTimes(1);
});

test('another file is none of its business', async () => {
  const { onChange } = watchIt();
  writeFileSync(join(dir, 'other.ts'), 'x');
  await sleep(100);
  expect(onChange).not.toHaveBeenCalled();
});

test('a folder that cannot be watched is said, and looked at from time to time', async () => {
  const { onChange, onUnwatched } = watchIt(20, join(dir, 'none', 'policy.ts'));
  expect(onUnwatched).toHaveBeenCalledWith(expect.stringMatching(/is looked at every 0\.02 s only: .*ENOENT/));
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
});

test('after its end it says nothing', async () => {
  const { onChange } = watchIt(20);
  watched?.stop();
  writeFileSync(file, 'two');
  await sleep(100);
  expect(onChange).not.toHaveBeenCalled();
});
