// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BpfObject } from './object.ts';
import { describeBpf } from './testing/bpf-suite.ts';
import { loadBasics, producer } from './testing/test-objects.ts';
import { drainTwoRings, terminateInWait } from './testing/threads.ts';

describeBpf('threads', () => {
  let object: BpfObject;
  beforeAll(() => {
    object = loadBasics();
  });
  afterAll(() => object.close());

  test('two workers drain two rings, and neither loses a record', async () => {
    const records = 3000;
    const whole = { seen: records, sum: (records * (records - 1)) / 2 };
    expect(await drainTwoRings(object, records)).toEqual([whole, whole]);
  }, 30_000);

  test('a worker that is terminated inside wait() leaves nothing behind', async () => {
    const produce = producer(object);
    await terminateInWait(object, produce, false);
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 20; i++)
      expect(await terminateInWait(object, produce, i % 2 === 0)).toEqual({ seen: 3, sum: 6 });
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  }, 60_000);
});
