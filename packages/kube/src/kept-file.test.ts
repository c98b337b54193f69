// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readKept, touchKept, writeKept } from './kept-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'gthulhu-kept-file-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, `state-${++files}`, 'kept.json');

test('what was kept is read again with its time, by nobody else, and nothing is left beside it', () => {
  const file = newFile();
  expect(readKept(file, 10)).toBeNull();
  writeKept(file, 'before');
  writeKept(file, 'é');
  touchKept(file, new Date(1_700_000_000_000));
  expect(readKept(file, 2)).toEqual({ text: 'é', heardAt: 1_700_000_000_000 });
  expect(() => readKept(file, 1)).toThrow('it has 2 bytes, at most 1 are read');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(file, '..'))).toEqual(['kept.json']);
});

test('what a crash left half written is in nobody’s way, whoever may read it', () => {
  const file = newFile();
  writeKept(file, 'before');
  writeFileSync(`${file}.part`, 'ha');
  chmodSync(`${file}.part`, 0o666);
  expect(readKept(file, 10)?.text).toBe('before');
  writeKept(file, 'after');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(file, '..'))).toEqual(['kept.json']);
});

test('what cannot be written leaves nothing beside it', () => {
  const file = newFile();
  writeKept(file, 'before');
  // Nothing can take its place.
  rmSync(file);
  mkdirSync(join(file, 'sub'), { recursive: true });
  expect(() => writeKept(file, 'after')).toThrow();
  expect(readdirSync(join(file, '..'))).toEqual(['kept.json']);
});

test('a link and a folder are not followed', () => {
  const file = newFile();
  mkdirSync(join(file, '..'));
  symlinkSync('/etc/hostname', file);
  expect(() => readKept(file, 1_000)).toThrow(/ELOOP/);
  rmSync(file);
  mkdirSync(file);
  expect(() => readKept(file, 1_000)).toThrow(/no file/);
});
