// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { nameOfWords } from './records.ts';

/** Four little-endian words of a name, as the kernel sends them. */
function words(name: string): [number, number, number, number] {
  const bytes = new Uint8Array(16);
  bytes.set(new TextEncoder().encode(name).subarray(0, 16));
  const [a, b, c, d] = new Uint32Array(bytes.buffer);
  return [a, b, c, d];
}

test.each(['', 'a', 'bash', 'kworker/0:1', 'fifteen-letters', 'spaces and\n'])('the name %j comes back', (name) => {
  expect(nameOfWords(...words(name))).toBe(name);
});

test('what follows the first NUL is no part of it', () => {
  expect(nameOfWords(...words('sh\0left-over'))).toBe('sh');
});

test('16 bytes without a NUL are all of it, and bytes that are no UTF-8 do no harm', () => {
  expect(nameOfWords(...words('sixteen-letters!'))).toBe('sixteen-letters!');
  expect(nameOfWords(0xffffffff, 0, 0, 0)).toBe('\ufffd\ufffd\ufffd\ufffd');
});
