// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseStrategies, readStrategiesText, StrategiesError } from './parse-strategies.ts';

const refusal = (text: string): string[] => {
  try {
    parseStrategies(text, 's.yaml');
  } catch (error) {
    if (error instanceof StrategiesError) return error.message.split('\n');
    throw error;
  }
  return [];
};
const kept = (text: string) =>
  parseStrategies(text, 's.yaml').rules.map(({ index, priority, sliceNs, commandRegex, byCommand }) => ({
    index,
    priority,
    sliceNs,
    commandRegex,
    byCommand,
  }));
const warnings = (text: string): string[] =>
  parseStrategies(text, 's.yaml').warnings.map((w) => `${w.line}:${w.column} ${w.key}: ${w.message}`);

describe('a file that can be used', () => {
  const rule = { index: 0, priority: null, sliceNs: 0, commandRegex: '', byCommand: true };
  test.each([
    ['none', 'strategies: []\n', []],
    ['none, plain list', '[]\n', []],
    ['body', 'strategies:\n  - {priority: 5, command_regex: ^a$}\n', [{ ...rule, priority: 5, commandRegex: '^a$' }]],
    ['plain list', '- {execution_time: 100000}\n', [{ ...rule, sliceNs: 100_000 }]],
    [
      'JSON of a request',
      '{"strategies":[{"priority":true,"execution_time":20000000,"selectors":[{"key":"nf","value":"upf"}]}]}',
      [{ ...rule, priority: 1, sliceNs: 20_000_000, byCommand: false }],
    ],
    ['priority false is none', '- {priority: false, command_regex: a}\n', [{ ...rule, commandRegex: 'a' }]],
    ['other spellings', '- {executionTime: 1e9, commandRegex: a}\n', [{ ...rule, sliceNs: 1e9, commandRegex: 'a' }]],
    ['slice 0 is none', '- {execution_time: 0, priority: 20}\n', [{ ...rule, priority: 20 }]],
    ['no selectors is every command', '- {selectors: [], priority: 20}\n', [{ ...rule, priority: 20 }]],
  ])('%s', (_, text, rules) => {
    expect(kept(text)).toEqual(rules);
  });
});

describe('what is wrong', () => {
  test.each([
    ['', 's.yaml:1:1: is empty; write `strategies: []` for no strategies'],
    ['strategies:\n', 's.yaml:1:1: strategies: has no value; must be a list, or remove the key'],
    ['{}\n', 's.yaml:1:1: strategies: is missing; add it'],
    [
      'strategy: []\n',
      's.yaml:1:1: strategy: unknown key; did you mean strategies?|s.yaml:1:1: strategies: is missing; add it',
    ],
    [
      '- {priority: 21}\n',
      's.yaml:1:14: strategies[0].priority: is 21, must be a whole number from 0 to 20 or true or false',
    ],
    [
      '- {priority: high}\n',
      's.yaml:1:14: strategies[0].priority: is the text "high", must be a whole number from 0 to 20 or true or false',
    ],
    [
      '- {execution_time: 20000}\n',
      's.yaml:1:20: strategies[0].execution_time: is 20000, must be 0 or a whole number from 100000 to 1000000000 ns',
    ],
    [
      '- {execution_time: 20ms}\n',
      's.yaml:1:20: strategies[0].execution_time: is the text "20ms", must be 0 or a whole number from 100000 to 1000000000 ns; 20ms is written 20000000',
    ],
    [
      '- {command_regex: "("}\n',
      's.yaml:1:19: strategies[0].command_regex: is not an RE2 expression: missing closing ): `(`',
    ],
    [
      '- {command_regex: "(?=a)b"}\n',
      's.yaml:1:19: strategies[0].command_regex: is not an RE2 expression: invalid or unsupported Perl syntax: `(?=` (RE2 knows no look-around and no back references)',
    ],
    [
      '- {comand_regex: a}\n',
      's.yaml:1:4: strategies[0].comand_regex: unknown key; did you mean strategies[0].command_regex?',
    ],
    [
      '- {execution_time: 100000, executionTime: 100000}\n',
      's.yaml:1:28: strategies[0].execution_time: is set twice; remove one of the two',
    ],
    ['- {priority: 1, selectors: [{key: a}]}\n', 's.yaml:1:29: strategies[0].selectors[0].value: is missing; add it'],
    ['- {pid: 0}\n', 's.yaml:1:9: strategies[0].pid: is 0, must be a whole number from 1 to 4194304'],
    [
      '- {priority: 1}\n-\n',
      's.yaml:2:2: strategies[1]: is empty; set command_regex and priority, execution_time or cpus, or remove it',
    ],
    ['- hello\n', 's.yaml:1:3: strategies[0]: is the text "hello", must be a mapping of keys to values'],
  ])('%j', (text, message) => {
    expect(refusal(text).join('|')).toBe(message);
  });

  test('one wrong row refuses the whole file, and every wrong row is told', () => {
    const errors = refusal(
      '- {priority: 1, command_regex: a}\n- {priority: 99}\n- {priority: 2}\n- {command_regex: "["}\n- {pid: x}\n',
    );
    expect(errors.map((line) => line.split(': ')[1])).toEqual(['strategies[1].priority', 'strategies[4].pid']);
    expect(refusal('- {priority: 1}\n- {command_regex: "["}\n- {command_regex: "+"}\n')).toHaveLength(2);
  });

  test('limits', () => {
    const row = '- {priority: 15, command_regex: a}\n';
    expect(refusal(row.repeat(10_001))[0]).toBe('s.yaml:1:1: strategies: has 10001 entries, at most 10000 are allowed');
    expect(refusal(`- {command_regex: ${'a'.repeat(1_025)}}\n`)[0]).toMatch(
      /command_regex: has 1025 bytes, at most 1024/,
    );
    expect(refusal(`#${'x'.repeat(4 * 1024 * 1024)}`)[0]).toMatch(/bytes, at most 4194304 are read/);
  });

  test('an expression made to need exponential memory is refused', () => {
    expect(refusal('- {command_regex: "((a{100}){100}){100}"}\n')[0]).toMatch(/invalid repeat count/);
  });
});

describe('warnings', () => {
  test.each([
    [
      '- {pid: 1, priority: 1}\n',
      '1:9 strategies[0].pid: is accepted, but workloads are not matched yet: this strategy matches nothing',
    ],
    [
      '- {priority: 1, selectors: [{key: a, value: b}]}\n',
      '1:28 strategies[0].selectors: is accepted, but workloads are not matched yet: this strategy matches nothing',
    ],
    [
      '- {command_regex: a}\n',
      '1:3 strategies[0]: sets neither priority nor execution_time nor cpus: it only keeps weaker strategies from matching',
    ],
    [
      '- {priority: 9}\n',
      '1:14 strategies[0].priority: is given to every command of this node, and 9 may push others off a CPU; add a command_regex',
    ],
    [
      '- {priority: 11, command_regex: "^short$|^kube-controller-manager$"}\n',
      '1:33 strategies[0].command_regex: never matches "kube-controller-manager": the kernel keeps 15 characters of a name; write "kube-controller"',
    ],
  ])('%j', (text, message) => {
    expect(warnings(text)).toEqual([message]);
  });
  test.each([
    '- {priority: 10}\n',
    '- {priority: 1, command_regex: "^kube-controller"}\n',
    '- {priority: 1, command_regex: "a{3}[b-z]{14,20}"}\n',
  ])('none for %j', (text) => {
    expect(warnings(text)).toEqual([]);
  });
});

test('a strategies file has to exist', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gthulhu-strategies-'));
  try {
    const path = join(dir, 's.yaml');
    expect(() => readStrategiesText(path)).toThrow(
      `${path}: the strategies file does not exist; give the path of an existing file`,
    );
    writeFileSync(path, '- {priority: 5, command_regex: nginx}\n');
    expect(parseStrategies(readStrategiesText(path), path).rules).toHaveLength(1);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
