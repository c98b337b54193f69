// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { complaintsAfter } from './kernel.ts';

const MARK = 'mark 2 of the test';
const before = ['[1.0] BUG: of an earlier one', '[2.0] mark 1 of the test', '[3.0] WARNING: and another'];

it('counts what the kernel complained of after the mark, and nothing else', () => {
  const said = [...before, `[4.0] ${MARK}`, '[4.0] sched_ext: BPF scheduler "gthulhu" enabled', '[5.0] WARNING: new'];
  expect(complaintsAfter(MARK, said)).toEqual(['[5.0] WARNING: new']);
  expect(complaintsAfter(MARK, said.slice(0, -1))).toEqual([]);
});

it('says so when the ring has lost the mark, instead of finding nothing', () => {
  const [lost, ...rest] = complaintsAfter(MARK, ['[9.0] quiet', '[9.5] BUG: late']);
  expect(lost).toContain('lost');
  expect(rest).toEqual(['[9.5] BUG: late']);
});
