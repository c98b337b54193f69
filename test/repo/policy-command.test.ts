// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './files.ts';

const folder = join(root, 'build/docs');
mkdirSync(folder, { recursive: true });

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const good = file('command-good.ts', `export const createPolicy = () => ({ name: 'good', decide(): void {} });`);
const bad = file('command-bad.ts', `\nthrow new Error('not today');`);

const MINUTE_MS = 60_000;

// The bundle as it is installed: with its worker and its recording.
test.each<[string[], number, RegExp]>([
  [['test', good], 0, /^policy +good\n.*passed: \S+command-good\.ts \(sha256 [0-9a-f]{64}\)\n/s],
  [['test', good, '-o', 'json'], 0, /^\{"passed":true,"file":/],
  [['test', bad], 1, /failed: \S+command-bad\.ts:2:7: Error: not today\n/],
  [['test', bad, '-o', 'json'], 1, /^\{"passed":false,"reason":".*not today"\}\n/],
  [['test', good, '--trace', good], 1, /failed: \S+command-good\.ts: is no recording of a scheduler/],
  [['test'], 2, /takes the file of a policy\n\nusage: /],
  [['test', ''], 2, /takes the file of a policy\n\nusage: /],
  [['test', good, '--trace', ''], 2, /--trace takes a file\n/],
  [['test', good, bad], 2, /takes one file, not 2/],
  [['test', good, '-o', 'xml'], 2, /-o takes table or json, not xml/],
  [['try', good], 2, /there is no command policy try/],
  [[], 2, /policy takes a command/],
  [['--help'], 0, /policy test FILE \[--trace FILE\]/],
])('gthulhu policy %j ends with %d', { timeout: MINUTE_MS }, (args, code, says) => {
  const { status, stdout, stderr } = spawnSync(join(root, 'bin/gthulhu'), ['policy', ...args], { encoding: 'utf8' });
  expect(`${stdout}${stderr}`).toMatch(says);
  expect(status).toBe(code);
});
