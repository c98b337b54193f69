// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { encodeInteger, encodeValue } from './encode.ts';
import { BpfError } from './errors.ts';

describe('encodeInteger', () => {
  test.each([
    [1, 1, false, [1]],
    [255, 1, false, [255]],
    [-128, 1, true, [128]],
    [0x1234, 2, false, [0x34, 0x12]],
    [-2, 4, true, [254, 255, 255, 255]],
    [true, 4, false, [1, 0, 0, 0]],
    [2 ** 40, 8, false, [0, 0, 0, 0, 0, 1, 0, 0]],
    [0xffffffffffffffffn, 8, false, [255, 255, 255, 255, 255, 255, 255, 255]],
    [-1n, 8, true, [255, 255, 255, 255, 255, 255, 255, 255]],
  ] as const)('%s in %i bytes', (value, size, signed, bytes) => {
    expect([...encodeInteger(value, size, signed, 'x')]).toEqual(bytes);
  });

  test.each([
    [256, 1, false],
    [-1, 4, false],
    [128, 1, true],
    [1.5, 8, true],
    [Number.NaN, 8, true],
    [Number.POSITIVE_INFINITY, 8, false],
    [1n << 64n, 8, false],
    [1, 3, false],
  ])('refuses %s in %i bytes (signed %s)', (value, size, signed) => {
    expect(() => encodeInteger(value, size, signed, 'limit')).toThrow(BpfError);
    expect(() => encodeInteger(value, size, signed, 'limit')).toThrow(/limit/);
  });
});

describe('encodeValue', () => {
  const text = { size: 1, count: 4, signed: true };
  test('text gets its closing zero', () => {
    expect([...encodeValue('abc', text, 'name')]).toEqual([97, 98, 99, 0]);
    expect([...encodeValue('', text, 'name')]).toEqual([0, 0, 0, 0]);
  });
  test.each(['abcd', 'a\0b', 'éé'])('refuses text %j in 4 bytes', (value) => {
    expect(() => encodeValue(value, text, 'name')).toThrow(BpfError);
  });
  test('raw bytes need the whole length', () => {
    const slot = { size: 2, count: 3, signed: false };
    expect(encodeValue(new Uint8Array(6), slot, 'x')).toHaveLength(6);
    expect(() => encodeValue(new Uint8Array(5), slot, 'x')).toThrow(/6 bytes/);
    expect(() => encodeValue(1, slot, 'x')).toThrow(/array of 3/);
  });
});
