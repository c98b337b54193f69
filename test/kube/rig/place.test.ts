// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { buildFirst, type Choice, choose } from './place.ts';

const there: Choice = { kind: 'packed', path: '/packed/kube.xz' };
const missing: Choice = { kind: 'missing' };

describe('a program is looked for', () => {
  test.each<[string, Record<'unpacked' | 'packed' | 'built', string | null>, Choice, string[]]>([
    [
      'in the cache',
      { unpacked: '/cache/kube-1', packed: '/packed/kube.xz', built: '/cache/built-1/kube' },
      { kind: 'unpacked', path: '/cache/kube-1' },
      ['unpacked'],
    ],
    [
      'then packed',
      { unpacked: null, packed: '/packed/kube.xz', built: '/cache/built-1/kube' },
      there,
      ['unpacked', 'packed'],
    ],
    [
      'then among what was built',
      { unpacked: null, packed: null, built: '/cache/built-1/kube' },
      { kind: 'built', path: '/cache/built-1/kube' },
      ['unpacked', 'packed', 'built'],
    ],
    ['in vain', { unpacked: null, packed: null, built: null }, missing, ['unpacked', 'packed', 'built']],
  ])('%s', (_, places, choice, wanted) => {
    const looked: string[] = [];
    const look = (kind: keyof typeof places) => (): string | null => {
      looked.push(kind);
      return places[kind];
    };
    expect(choose({ unpacked: look('unpacked'), packed: look('packed'), built: look('built') })).toEqual(choice);
    expect(looked).toEqual(wanted);
  });
});

describe('they are built first', () => {
  test.each([
    ['with CI, when one is missing', [there, missing], true, true],
    ['not with CI, when all are there', [there, there], true, false],
    ['not without CI, when all are missing', [missing, missing], false, false],
    ['not without CI, when all are there', [there], false, false],
  ])('%s', (_, choices, ci, wanted) => {
    expect(buildFirst(choices, ci)).toBe(wanted);
  });
});

test('asking for what was built builds nothing', () => {
  const cache = mkdtempSync(join(tmpdir(), 'gthulhu-kube-'));
  const builder = fileURLToPath(new URL('../../../scripts/kube-programs', import.meta.url));
  const env = { ...process.env, XDG_CACHE_HOME: cache };
  const { status, stdout, stderr } = spawnSync(builder, ['--built'], { encoding: 'utf8', env });
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: '' });
  expect(readdirSync(cache)).toEqual([]);
  rmSync(cache, { recursive: true });
});
