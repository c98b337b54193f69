// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { formatTable } from './table.ts';

test('columns are as wide as their widest cell', () => {
  expect(
    formatTable(
      ['ID', 'COMMAND'],
      [
        ['1', 'web'],
        ['100', ''],
      ],
    ),
  ).toBe('ID   COMMAND\n1    web\n100\n');
});

test('a cell cannot command the terminal, nor begin a line', () => {
  expect(formatTable(['A'], [['\u001b[2J\n\u202e']])).toBe('A\n\\u001b[2J\\u000a\\u202e\n');
});
