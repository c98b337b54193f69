// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { touchKept } from '@gthulhu/kube';
import { afterAll, expect, test } from 'vitest';
import type { Pod } from './pod.ts';
import { loadPods, savePods } from './saved-pods.ts';

const folder = mkdtempSync(join(tmpdir(), 'gthulhu-pods-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, `state-${++files}`, 'pods.json');

const labels = Object.assign(Object.create(null), JSON.parse('{"__proto__":"a","app":"web"}')) as Pod['labels'];
const web: Pod = {
  uid: 'u',
  namespace: 'shop',
  name: 'web',
  labels,
  qosClass: null,
  cgroupUid: 'u',
  createdAt: '',
  containers: [{ name: 'main', id: '1', ended: false }],
};
const pods = new Map([['shop/web', web]]);

test('what was kept is there again, with the time it was true', () => {
  const file = newFile();
  expect(loadPods(file, 'node-1')).toBeNull();
  savePods(file, 'node-1', pods);
  savePods(file, 'node-1', pods);
  touchKept(file, new Date(1_700_000_000_000));
  const saved = loadPods(file, 'node-1');
  expect(saved?.heardAt).toBe(1_700_000_000_000);
  expect(saved?.pods).toEqual(pods);
  expect(Object.entries(saved?.pods.get('shop/web')?.labels ?? {})).toContainEqual(['__proto__', 'a']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(file, '..'))).toEqual(['pods.json']);
});

test('pods of another node are not ours', () => {
  const file = newFile();
  savePods(file, 'node-1', pods);
  expect(loadPods(file, 'node-2')).toBeNull();
});

test.each<[string, string]>([
  ['empty', ''],
  ['half', '{"version":1,"node":"node-1","pods":[{"uid"'],
  ['another version', '{"version":2,"node":"node-1","pods":[]}'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a pod that is none', '{"version":1,"node":"node-1","pods":[{"uid":7}]}'],
])('a file that is %s is refused as a whole', (_what, text) => {
  const file = newFile();
  savePods(file, 'node-1', pods);
  writeFileSync(file, text);
  expect(() => loadPods(file, 'node-1')).toThrow();
});

test('a write that fails leaves what was there', () => {
  const file = newFile();
  savePods(file, 'node-1', pods);
  const before = readFileSync(file, 'utf8');
  // Nothing can be written where a folder is.
  mkdirSync(`${file}.part`);
  expect(() => savePods(file, 'node-1', new Map())).toThrow();
  expect(readFileSync(file, 'utf8')).toBe(before);
});
