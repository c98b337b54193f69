// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { type Flood, readFlood } from './flood/flood.ts';

const full = process.env.GTHULHU_TEST_FULL === '1';
/** As many as are read; with the long cases a minute of 10,000 a second besides. */
const floods: Flood[] = [
  { pods: 110, events: 60_000, rate: 0 },
  ...(full ? [{ pods: 110, events: 600_000, rate: 10_000 }] : []),
];

describe.each(floods)('a flood of $events events, $rate a second', (flood) => {
  test('is read to its end in the same memory', async () => {
    const { events, pods, versions, bare, rss, listed, after } = await readFlood(flood);
    // The last event takes one pod away; each of the others has the version of its last change.
    expect({ events, pods, versions }).toEqual({
      events: flood.events,
      pods: flood.pods - 1,
      versions: flood.pods - 1,
    });
    expect(after.heapMib - listed.heapMib).toBeLessThan(1);
    // What V8 has not collected yet goes up and down by a MiB; its compiler may leave some behind once.
    expect(rss).toHaveLength(10);
    expect(rss[9] - rss[2]).toBeLessThan(5);
    // The aim is 15; what the compiler of V8 took in malloc's heap, once, comes on top of it on some days.
    expect(Math.max(...rss) - bare.rssMib).toBeLessThan(25);
    // 110 pods of 3 KB, and the client.
    expect(listed.rssMib - bare.rssMib).toBeLessThan(15);
  }, 300_000);
});
