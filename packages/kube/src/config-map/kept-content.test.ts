// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { touchKept } from '../kept-file.ts';
import { keepContent, loadContent } from './kept-content.ts';

const folder = mkdtempSync(join(tmpdir(), 'gthulhu-kept-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, `state-${++files}`, 'text.json');

const source = { namespace: 'a', name: 'b', key: 'strategies.yaml' };
const content = {
  text: 'strategies: []\n',
  createdAt: '2026-01-01T00:00:00Z',
  resourceVersion: '7',
  seenAt: 1_600_000_000_000,
};

test('what was kept is there again, for nobody else to read, with the time it was true', () => {
  const file = newFile();
  expect(loadContent(file, source)).toBeNull();
  keepContent(file, source, content);
  touchKept(file, new Date(1_700_000_000_000));
  expect(loadContent(file, source)).toEqual({ content, heardAt: 1_700_000_000_000 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(file, '..'))).toEqual(['text.json']);
  keepContent(file, source, null);
  expect(loadContent(file, source)).toBeNull();
});

test.each([
  { ...source, namespace: 'other' },
  { ...source, name: 'other' },
  { ...source, key: 'other' },
])('of %o nothing is kept', (other) => {
  const file = newFile();
  keepContent(file, source, content);
  expect(loadContent(file, other)).toBeNull();
});

test.each([
  ['nothing', ''],
  ['something else', '{"version":2}'],
  ['no text', '{"version":1,"namespace":"a","name":"b","key":"strategies.yaml"}'],
])('%s is refused', (_, text) => {
  const file = newFile();
  mkdirSync(join(file, '..'));
  writeFileSync(file, text);
  expect(() => loadContent(file, source)).toThrow();
});

test('a file without end is not read', () => {
  const file = newFile();
  keepContent(file, source, content);
  truncateSync(file, 1e9);
  expect(() => loadContent(file, source)).toThrow(/at most/);
});
