// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { formatCpuList, parseCpuList } from './cpu-list.ts';

test.each([
  ['', []],
  ['\n', []],
  ['0', [0]],
  ['0-1', [0, 1]],
  ['0-3,8,10-11', [0, 1, 2, 3, 8, 10, 11]],
  ['0,2,4\n', [0, 2, 4]],
  ['65535', [65_535]],
])('%j is %j', (text, cpus) => {
  expect(parseCpuList(text)).toEqual(cpus);
  expect(formatCpuList(cpus)).toBe(text.trim());
});

test('order and repetition do not matter', () => {
  expect(parseCpuList('3,1-2,2')).toEqual([1, 2, 3]);
  expect(formatCpuList([3, 1, 2, 2])).toBe('1-3');
});

test.each(['x', '1-', '-1', '3-1', '1,,2', '0-99999999999', '0-65536', '1 2', '0-8:2/4'])('%j is refused', (text) => {
  expect(() => parseCpuList(text)).toThrow(RangeError);
});
