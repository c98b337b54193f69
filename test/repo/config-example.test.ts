// SPDX-License-Identifier: Apache-2.0
import { defaultConfig } from '@gthulhu/contracts';
import { parseConfig, parseStrategies } from '@gthulhu/scheduler';
import { expect, test } from 'vitest';
import { documents, yamlExamples } from './documents.ts';
import { readText } from './files.ts';

test('the example of a configuration says the defaults, and nothing that is warned about', () => {
  const path = 'config/gthulhu.yaml';
  expect(parseConfig(readText(path), path)).toEqual({ config: defaultConfig(), warnings: [] });
});

const examples = documents().flatMap(yamlExamples);

test('the documents have examples of both kinds', () => {
  expect(examples.filter(({ text }) => text.startsWith('strategies:')).length).toBeGreaterThan(2);
  expect(examples.filter(({ text }) => text.startsWith('scheduler:')).length).toBeGreaterThan(2);
});

test.each(examples)('$name can be used as it stands', ({ name, text }) => {
  const { warnings } = /^(strategies:|- )/m.test(text) ? parseStrategies(text, name) : parseConfig(text, name);
  expect(warnings).toEqual([]);
});
