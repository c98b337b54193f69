// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorOf, documents, headings, links, partsOf } from './documents.ts';
import { readText, repositoryFiles } from './files.ts';

/** What a file must not say, because it is true on one machine or on one day only. */
const FORBIDDEN: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a path of one machine', /(?<![\w.$}-])\/(?:work|home|Users)\/[\w.-]+|\/tmp\/g\//],
  ['a registry by its host', /\b(?:registry\.npmjs\.org|(?:deb|ftp\.\w+|security)\.debian\.org|pypi\.org)\b/],
  ['how the work was organised', /\b(?:issue|ticket)s? #?\d+\b|\bissues? show\b|\bthis session\b|\bsub-?agents?\b/i],
  ['a tool of one author', /\b(?:claude|anthropic|chatgpt|openai|copilot)\b/i],
];

/** The mirror that serves where the machine's own list names none. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = { 'scripts/apt': ['deb.debian.org'] };

/** Licences are quoted as they are; this file has the bad words. */
const NOT_READ = new Set(['LICENSE', 'bpf/LICENSE', 'test/repo/words.test.ts']);

function faults(path: string, text: string): string[] {
  return FORBIDDEN.flatMap(([what, pattern]) =>
    [...text.matchAll(new RegExp(pattern, `${pattern.flags}g`))]
      .map((match) => match[0])
      .filter((found) => !(ALLOWED[path] ?? []).includes(found))
      .map((found) => `${path}: ${found}: ${what}`),
  );
}

test('no file speaks of one machine, one registry or one day', () => {
  const files = repositoryFiles().filter((path) => !NOT_READ.has(path));
  expect(files).toContain('package-lock.json');
  expect(files.flatMap((path) => faults(path, readText(path)))).toEqual([]);
});

test.each([
  ['see /work/main/README.md', 1],
  ['see docs/work/README.md', 0],
  ['fetched from https://registry.npmjs.org/node', 1],
  ['deb http://deb.debian.org/debian trixie main', 1],
  ['as Issue 12 says', 1],
  ['issue tracking systems', 0],
])('%s', (text, count) => {
  expect(faults('a', text)).toHaveLength(count);
});

test('the mirror is allowed where packages are fetched, and nowhere else', () => {
  expect(faults('scripts/apt', 'http://deb.debian.org/debian')).toEqual([]);
  expect(faults('scripts/install', 'http://deb.debian.org/debian')).toHaveLength(1);
});

function linkFault(path: string, target: string): string[] {
  if (/^[a-z]+:/.test(target)) return [];
  const [file = '', anchor] = target.split('#', 2);
  const to = file === '' ? path : posix.join(posix.dirname(path), decodeURI(file));
  if (!existsSync(new URL(`../../${to}`, import.meta.url))) return [`${path}: ${target} does not exist`];
  if (anchor === undefined) return [];
  const anchors = headings(readText(to)).map(([, title]) => anchorOf(title));
  return anchors.includes(decodeURI(anchor)) ? [] : [`${path}: ${target} names no heading of ${to}`];
}

describe.each(documents())('%s', (path) => {
  test('its links lead somewhere', () => {
    expect(links(readText(path)).flatMap((target) => linkFault(path, target))).toEqual([]);
  });
});

/** The same document in the other language. */
const translation = (path: string): string =>
  path === 'README.md' ? 'README.zh-TW.md' : path.replace(/^docs\/en\//, 'docs/zh-TW/');

const english = documents().filter((path) => path === 'README.md' || path.startsWith('docs/en/'));

test('documents come in pairs', () => {
  const chinese = documents().filter((path) => path === 'README.zh-TW.md' || path.startsWith('docs/zh-TW/'));
  expect(english.length).toBeGreaterThan(3);
  expect(chinese.toSorted()).toEqual(english.map(translation).toSorted());
});

describe.each(english)('%s and its translation', (path) => {
  const [en, zh] = [path, translation(path)].map(readText) as [string, string];

  test('have the same headings', () => {
    expect(headings(zh).map(([level]) => level)).toEqual(headings(en).map(([level]) => level));
  });
  test('have the same code', () => {
    expect(partsOf(zh).blocks.map(({ info }) => info)).toEqual(partsOf(en).blocks.map(({ info }) => info));
  });
  test('have tables of the same length', () => {
    const rows = (text: string): number => (partsOf(text).prose.match(/^\|/gm) ?? []).length;
    expect(rows(zh)).toBe(rows(en));
  });
});

describe.each(['en', 'zh-TW'])('documentation %s', (language) => {
  test('explains every counter of the kernel side', () => {
    const text = readText(`docs/${language}/operations.md`);
    const counters = [...readText('bpf/include/records.h').matchAll(/__u64 ((?:nr|max)_\w+);/g)].map(
      (match) => match[1],
    );
    expect(counters.length).toBeGreaterThan(20);
    expect(counters.filter((name) => name !== 'nr_waiting' && !text.includes(`\`${name}\``))).toEqual([]);
  });
  test('explains every column that a policy sees', () => {
    const text = readText(`docs/${language}/policies.md`);
    const source = readText('packages/scheduler/src/policies/policy.ts');
    const columns = [...source.matchAll(/readonly (\w+): Float64Array/g)].map((match) => match[1]);
    expect(columns.length).toBeGreaterThan(15);
    expect(columns.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});
