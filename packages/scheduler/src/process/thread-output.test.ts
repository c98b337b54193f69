// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { lineSplitter } from './thread-output.ts';

function splitter(linesASecond = 100) {
  const lines: string[] = [];
  const clock = { ms: 0 };
  return {
    lines,
    clock,
    split: lineSplitter({ onLine: (line) => lines.push(line), linesASecond, now: () => clock.ms }),
  };
}

test('pieces become lines', () => {
  const { lines, split } = splitter();
  for (const piece of ['a', 'b\nc', '\n\nd', 'e']) split(piece);
  expect(lines).toEqual(['ab', 'c', '']);
  split('\n');
  expect(lines.at(-1)).toBe('de');
});

test('a line without end is told in parts', () => {
  const { lines, split } = splitter();
  split('x'.repeat(2500));
  split(`\n${'y'.repeat(1500)}\n`);
  expect(lines.map((line) => line.length)).toEqual([1000, 1000, 500, 1000, 500]);
});

test('more lines than somebody can read are counted', () => {
  const { lines, clock, split } = splitter(2);
  for (let i = 0; i < 5; i++) split(`${i}\n`);
  expect(lines).toEqual(['0', '1']);
  clock.ms = 1000;
  split('later\n');
  expect(lines).toEqual(['0', '1', '(3 lines were left out)', 'later']);
});
