// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { readStrategyDocument } from './parse-strategies.ts';

const TEXT = 'strategies:\n  - commandRegex: "("\n    priority: 5\n  - pid: 7\n';

test('nothing in it is compiled, and what is found wrong later is said with its place', () => {
  const document = readStrategyDocument(TEXT, 'strategies.yaml');
  expect(document.strategies).toEqual([{ command_regex: '(', priority: 5 }, { pid: 7 }]);
  expect(document.errorAt('strategies[0].command_regex', 'is none').message).toBe(
    'strategies.yaml:2:19: strategies[0].command_regex: is none',
  );
  expect(document.errorAt('strategies[1].pid', 'is local').message).toBe(
    'strategies.yaml:4:10: strategies[1].pid: is local',
  );
});

test('what can be seen from the text alone is said at once', () => {
  expect(() => readStrategyDocument('strategies:\n  - priority: 99\n  - colour: red\n', 'a')).toThrow(
    /^a:2:15: .*priority.*\na:3:5: .*colour: unknown key/,
  );
});
