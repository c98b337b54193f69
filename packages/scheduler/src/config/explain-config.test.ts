// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { configKeys, type Text } from '@gthulhu/contracts';
import { describe, expect, test } from 'vitest';
import { effectTable, explainConfig } from './explain-config.ts';

const START = '<!-- configuration keys: generated, run the tests with UPDATE_DOCS=1 to renew -->\n';
const END = '<!-- end of the configuration keys -->';
const LANGUAGES: readonly (keyof Text)[] = ['en', 'zh-TW'];

describe('--explain', () => {
  const lines = explainConfig().split('\n');

  test('starts with its title and an empty line, and ends with a newline', () => {
    expect(lines.slice(0, 2)).toEqual(['Gthulhu Configuration Keys:', '']);
    expect(lines.at(-1)).toBe('');
  });
  test('has one line for each key and section: two spaces, the key in 40 columns, a space, the description', () => {
    expect(lines.slice(2, -1)).toHaveLength(configKeys.length);
    expect(lines).toContain(
      `  scheduler.slice_ns_default${' '.repeat(14)} Time slice of a task when nobody else wants the CPU`,
    );
    for (const line of lines.slice(2, -1)) expect(line).toMatch(/^ {2}[a-zA-Z_.]+ +\S/);
    for (const line of lines.slice(2, -1)) expect(line.slice(42, 44)).toMatch(/^ \S$/);
  });
});

describe.each(LANGUAGES)('documentation %s', (language) => {
  test('every text is there', () => {
    for (const key of configKeys) {
      expect(key.description[language], key.path).not.toBe('');
      if (key.effect.to === 'process') expect(key.effect.what[language], key.path).not.toBe('');
    }
  });

  test('no translation was forgotten', () => {
    if (language === 'en') return;
    // Every description has at least one Chinese character; a copy of the English text has none.
    for (const key of configKeys) {
      if (key.path.includes('.')) expect(key.description[language], key.path).toMatch(/\p{Script=Han}/u);
    }
  });

  test('holds the generated table', () => {
    const file = new URL(`../../../../docs/${language}/configuration.md`, import.meta.url);
    const text = readFileSync(file, 'utf8');
    const start = text.indexOf(START) + START.length;
    const end = text.indexOf(END);
    expect(start, 'the marker of the start').toBeGreaterThan(START.length - 1);
    expect(end, 'the marker of the end').toBeGreaterThanOrEqual(start);
    if (process.env.UPDATE_DOCS === '1') {
      writeFileSync(file, `${text.slice(0, start)}\n${effectTable(language)}\n${text.slice(end)}`);
      return;
    }
    expect(text.slice(start, end)).toBe(`\n${effectTable(language)}\n`);
  });
});
