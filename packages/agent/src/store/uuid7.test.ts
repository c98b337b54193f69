// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { uuid7 } from './uuid7.ts';

test('ids have the form of version 7, carry their time, and sort by it, also within a millisecond', () => {
  const first = uuid7(Date.UTC(2100, 0, 1));
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(first.replaceAll('-', '').slice(0, 12), 16)).toBe(Date.UTC(2100, 0, 1));
  const many = Array.from({ length: 10_000 }, () => uuid7(Date.UTC(2100, 0, 1)));
  expect(many.toSorted()).toEqual(many);
  expect(new Set(many).size).toBe(many.length);
});
