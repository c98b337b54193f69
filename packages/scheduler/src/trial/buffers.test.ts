// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { bufferBytes, usedBufferBytes } from './buffers.ts';

const MB = 1024 * 1024;

test('what is dropped does not count, what is kept does', async () => {
  const before = await usedBufferBytes();
  const kept = new Float64Array(MB);
  for (let i = 0; i < 4; i++) new Float64Array(MB).fill(i);
  expect(bufferBytes() - before).toBeGreaterThan(8 * MB - 1);
  const used = (await usedBufferBytes()) - before;
  expect(used).toBeGreaterThan(8 * MB - MB);
  expect(used).toBeLessThan(9 * MB);
  expect(kept).toHaveLength(MB);
});
