// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadPolicy } from './load-policy.ts';

const dir = mkdtempSync(join(tmpdir(), 'gthulhu-policy-'));
afterAll(() => rmSync(dir, { recursive: true }));
const asRoot = process.getuid?.() === 0;

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  chmodSync(path, 0o644);
  return path;
}

const good = `export function createPolicy() { return { name: 'mine', decide() {} }; }`;

test('without a file it is the built-in one', async () => {
  expect((await loadPolicy('simple', '')).name).toBe('simple');
});

test.runIf(asRoot)("a file's own policy", async () => {
  expect((await loadPolicy('gthulhu', file('good.mjs', good))).name).toBe('mine');
});

test.runIf(asRoot).each([
  ['empty.mjs', '', /exports no function createPolicy/],
  ['null.mjs', 'export const createPolicy = () => null;', /no object with a method decide/],
  ['text.mjs', 'export const createPolicy = "x";', /exports no function createPolicy/],
])('%s says what it lacks', async (name, text, message) => {
  await expect(loadPolicy('gthulhu', file(name, text))).rejects.toThrow(message);
});

test('a file that is not there', async () => {
  await expect(loadPolicy('gthulhu', join(dir, 'none.ts'))).rejects.toThrow(/none\.ts cannot be read/);
});

test('a directory', async () => {
  await expect(loadPolicy('gthulhu', dir)).rejects.toThrow(
    /is no regular file|can be written by others|belongs to user/,
  );
});

test.runIf(asRoot)('a file that others may write is refused before it is run', async () => {
  const path = file('loose.mjs', 'throw new Error("it ran")');
  chmodSync(path, 0o666);
  await expect(loadPolicy('gthulhu', path)).rejects.toThrow(/can be written by others \(mode 666\).*chmod go-w/);
});

test.runIf(asRoot)('a file of another user is refused before it is run', async () => {
  const path = file('foreign.mjs', 'throw new Error("it ran")');
  chownSync(path, 65534, 65534);
  await expect(loadPolicy('gthulhu', path)).rejects.toThrow(/belongs to user 65534/);
});
