// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { KubeError } from '../kube-error.ts';
import { splitLines } from './lines.ts';

const text = '{"a":"é€𝄞"}\n\n  \r\n{"b":2}\n{"c":';

test.each([1, 2, 3, 7, 1000])('lines are the same in chunks of %i bytes', (size) => {
  const got: string[] = [];
  const lines = splitLines(100, (line) => got.push(line));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) lines.push(bytes.subarray(at, at + size));
  expect(got).toEqual(['{"a":"é€𝄞"}', '{"b":2}']);
  expect(lines.pending).toBe(5);
});

test('a line may be as long as allowed, and no longer, finished or not', () => {
  const got: string[] = [];
  const lines = splitLines(4, (line) => got.push(line));
  lines.push(Buffer.from('1234\n12'));
  lines.push(Buffer.from('34\n'));
  expect(got).toEqual(['1234', '1234']);
  expect(() => lines.push(Buffer.from('12345\n'))).toThrow(KubeError);
  expect(() => lines.push(Buffer.from('12345'))).toThrow(KubeError);
  expect(lines.pending).toBe(0);
  lines.push(Buffer.from('123'));
  expect(() => lines.push(Buffer.from('45'))).toThrow(/more than 4 bytes/);
});

test('a line byte by byte keeps no more than its bytes', () => {
  const lines = splitLines(1_000_000, () => {});
  const chunk = Buffer.alloc(65_536, 0x20);
  for (let i = 0; i < 1000; i++) lines.push(chunk.subarray(0, 1));
  expect(lines.pending).toBe(1000);
});
