// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { CPU_SLOTS, listOf, planCpuSets, slotOf, wordsOf } from './cpu-sets.ts';

const none: ReadonlyMap<string, number> = new Map();
const nobody: ReadonlySet<number> = new Set();

test.each([
  ['0', [1n]],
  ['0-3,8', [0x10fn]],
  ['63', [1n << 63n]],
  ['64,130', [0n, 1n, 4n]],
  ['1023', [...new Array(15).fill(0n), 1n << 63n]],
  ['1024', []],
])('the words of %s, and back', (list, words) => {
  const whole = [...words, ...new Array(16 - words.length).fill(0n)];
  expect(wordsOf(list)).toEqual(whole);
  expect(listOf(whole)).toBe(list === '1024' ? '' : list);
});

describe('slots', () => {
  test('each list has one of its own, the first one is never used', () => {
    const { handles, writes } = planCpuSets(none, nobody, ['0', '1'], 5);
    expect([...handles.values()].map(slotOf)).toEqual([1, 2]);
    expect(writes.map(({ slot }) => slot)).toEqual([1, 2]);
  });

  test('a list that stays keeps its handle and is not written again', () => {
    const first = planCpuSets(none, nobody, ['0', '1'], 5);
    const second = planCpuSets(first.handles, nobody, ['1', '2'], 6);
    expect(second.handles.get('1')).toBe(first.handles.get('1'));
    expect(second.writes).toHaveLength(1);
    // Of what is still in force nothing is overwritten.
    expect([...first.handles.values()].map(slotOf)).not.toContain(second.writes[0].slot);
  });

  test('a slot that is used again has another handle', () => {
    const first = planCpuSets(none, nobody, ['0'], 5).handles.get('0') ?? 0;
    const later = planCpuSets(none, nobody, ['1'], 7).handles.get('1') ?? 0;
    expect(slotOf(later)).toBe(slotOf(first));
    expect(later).not.toBe(first);
  });

  test('what an earlier process left is not overwritten', () => {
    const { writes } = planCpuSets(none, new Set([1, 2, 4]), ['0', '1'], 5);
    expect(writes.map(({ slot }) => slot)).toEqual([3, 5]);
  });

  test('handles fit 32 bits after any number of changes', () => {
    const handle = planCpuSets(none, nobody, ['0'], 2 ** 40 + 3).handles.get('0') ?? 0;
    expect(handle).toBeLessThan(2 ** 32);
    expect(slotOf(handle)).toBe(1);
  });

  test('more lists than slots are refused', () => {
    const lists = Array.from({ length: CPU_SLOTS }, (_, cpu) => `${cpu}`);
    expect(() => planCpuSets(none, nobody, lists, 1)).toThrow(/no room/);
  });
});
