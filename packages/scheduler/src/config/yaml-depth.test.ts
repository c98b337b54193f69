// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { MAX_DEPTH, tooDeepAt } from './yaml-depth.ts';
import { readYaml } from './yaml-source.ts';

const LIMIT = 1_048_576;

describe('nesting', () => {
  test.each([
    ['brackets', `a: ${'['.repeat(10_000)}`, 3 + MAX_DEPTH],
    ['braces', '{a: '.repeat(10_000), 4 * MAX_DEPTH],
    ['lists in lists on one line', '- '.repeat(10_000), 2 * MAX_DEPTH],
    ['keys in keys on one line', '? '.repeat(10_000), 2 * MAX_DEPTH],
    ['one more than is read', '['.repeat(MAX_DEPTH + 1), MAX_DEPTH],
  ])('too deep: %s', (_, text, offset) => {
    expect(tooDeepAt(text)).toBe(offset);
    expect(readYaml(text, LIMIT).problems).toMatchObject([
      { line: 1, column: offset + 1, message: expect.stringContaining(`deeper than ${MAX_DEPTH} levels`) },
    ]);
  });

  test.each([
    ['as deep as is read', `${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}`],
    ['one after the other', '- [{a: 1}]\n'.repeat(1000)],
    ['in a comment', `# ${'['.repeat(1000)}\na: 1\n`],
    ['in texts', Array.from({ length: 200 }, () => '- "\\\\["\n').join('')],
    ['an empty text', ''],
  ])('not too deep: %s', (_, text) => {
    expect(tooDeepAt(text)).toBeNull();
    expect(readYaml(text, LIMIT).problems).toEqual([]);
  });

  test('by indentation a file within the limit is no danger', () => {
    const levels = 1400;
    const text = Array.from({ length: levels }, (_, level) => `${' '.repeat(level)}a:\n`).join('');
    expect(text.length).toBeLessThan(LIMIT);
    const { problems } = readYaml(text, LIMIT);
    expect(problems.length).toBeLessThan(50);
  });
});
