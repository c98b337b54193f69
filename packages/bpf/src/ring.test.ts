// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StructLayout } from './layout.ts';
import type { BpfObject } from './object.ts';
import { openRing, type Ring, wakeRing } from './ring.ts';
import { sys } from './sys.ts';
import { describeBpf } from './testing/bpf-suite.ts';
import { failure } from './testing/failure.ts';
import { loadBasics, type Produce, producer } from './testing/test-objects.ts';

const RECORD_BYTES = 56 + 8;
const NUMBERS = ['big', 'signed_big', 'word', 'signed_word', 'half', 'signed_half', 'byte', 'signed_byte', 'tail'];

describeBpf('rings', () => {
  let object: BpfObject;
  let layout: StructLayout;
  let produce: (what: Produce) => number;
  let produceSmall: (what: Produce) => number;

  beforeAll(() => {
    object = loadBasics();
    layout = object.layout('record');
    produce = producer(object);
    produceSmall = producer(object, 'produce_small');
  });
  afterAll(() => object.close());

  function withRing(name: string, columns: string[], capacity: number, use: (ring: Ring) => void): void {
    const ring = openRing(object.map(name).info.fd, layout, columns, capacity);
    try {
      use(ring);
    } finally {
      while (ring.drain() > 0);
      ring.close();
    }
  }

  test('every width and sign arrives', () => {
    withRing('ring', [...NUMBERS, 'comm', 'where.x', 'where.y'], 8, ({ columns, drain }) => {
      produce({ n: 3, start: 40000 });
      expect(drain()).toBe(3);
      const row = Object.fromEntries(NUMBERS.map((name) => [name, columns[name][1]]));
      expect(row).toEqual({
        big: Number(0xffffffffffff0000n + 40001n),
        signed_big: -40002,
        word: 0xfffffff1,
        signed_word: -40001,
        half: 40001,
        signed_half: (-40001 << 16) >> 16,
        byte: 40001 & 255,
        signed_byte: (-40001 << 24) >> 24,
        tail: 40001,
      });
      expect([...columns.comm.slice(6, 12)]).toEqual([97 + (40001 & 15), 0, 0, 0, 0, 1]);
      expect([columns['where.x'][2], columns['where.y'][2]]).toEqual([40002, -40002]);
    });
  });

  test('a batch ends at the capacity, and the rest comes with the next', () => {
    withRing('ring', ['tail'], 100, ({ columns, drain }) => {
      produce({ n: 250 });
      expect([drain(), columns.tail[99]]).toEqual([100, 99]);
      expect([drain(), columns.tail[0]]).toEqual([100, 100]);
      expect([drain(), columns.tail[49]]).toEqual([50, 249]);
      expect(drain()).toBe(0);
    });
  });

  test('a full ring refuses records, loses none that it took, and goes on after a drain', () => {
    withRing('small_ring', ['tail'], 256, ({ columns, drain }) => {
      const fits = Math.floor((4096 - 1) / RECORD_BYTES);
      expect(produceSmall({ n: 1000 })).toBe(fits);
      expect(produceSmall({ n: 1 })).toBe(0);
      expect(drain()).toBe(fits);
      expect([...columns.tail.slice(0, fits)]).toEqual(Array.from({ length: fits }, (_, i) => i));
      expect(produceSmall({ n: 1, start: 7777 })).toBe(1);
      expect([drain(), columns.tail[0]]).toEqual([1, 7777]);
    });
  });

  test('records that cross the end of the ring are whole', () => {
    withRing('small_ring', ['big', 'tail', 'comm'], 64, ({ columns, drain }) => {
      let next = 0;
      for (let round = 0; round < 200; round++) {
        // 37 records do not divide the ring, so that the end falls into a record sooner or later.
        expect(produceSmall({ n: 37, start: next })).toBe(37);
        expect(drain()).toBe(37);
        for (let i = 0; i < 37; i++, next++) {
          expect(columns.tail[i]).toBe(next);
          expect(columns.comm[i * 6 + 5]).toBe(1);
        }
      }
    });
  });

  test('discarded records are passed over', () => {
    withRing('ring', ['tail'], 64, ({ columns, drain, skipped }) => {
      expect(produce({ n: 10, discardEvery: 3 })).toBe(6);
      expect(drain()).toBe(6);
      expect([...columns.tail.slice(0, 6)]).toEqual([1, 2, 4, 5, 7, 8]);
      expect(skipped).toBe(0);
      produce({ n: 5, start: 100, discardEvery: 1 });
      expect(drain()).toBe(0);
    });
  });

  test('records that are too short are counted, not read', () => {
    withRing('ring', ['tail'], 64, (ring) => {
      produce({ n: 4, length: 8 });
      produce({ n: 2, start: 50 });
      produce({ n: 1, length: 8 });
      expect(ring.drain()).toBe(2);
      expect([...ring.columns.tail.slice(0, 2)]).toEqual([50, 51]);
      ring.drain();
      expect(ring.skipped).toBe(5);
    });
  });

  test('wait: nothing, a record, a record without a wakeup, a wake from outside', () => {
    withRing('ring', ['tail'], 64, (ring) => {
      const start = sys.monotonicNs();
      expect(ring.wait(30)).toBe(false);
      expect(sys.monotonicNs() - start).toBeGreaterThanOrEqual(30e6);
      produce({ n: 1 });
      expect(ring.wait(10_000)).toBe(true);
      expect(ring.drain()).toBe(1);
      produce({ n: 1, flags: 1 });
      expect(ring.wait(10_000)).toBe(true);
      expect(ring.drain()).toBe(1);
      wakeRing(ring.wakeFd);
      wakeRing(ring.wakeFd);
      expect(ring.wait(10_000)).toBe(true);
      expect(ring.drain()).toBe(0);
      expect(ring.wait(0)).toBe(false);
    });
  });

  test('the columns stay where they are: their memory can be neither transferred nor resized', () => {
    withRing('ring', ['tail'], 64, ({ columns, drain }) => {
      const { buffer } = columns.tail;
      expect(buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(() => structuredClone(buffer, { transfer: [buffer as unknown as ArrayBuffer] })).toThrow();
      produce({ n: 1, start: 5 });
      expect([drain(), columns.tail[0]]).toEqual([1, 5]);
    });
  });

  test('what is no ring, no layout or no capacity is refused', () => {
    const { fd } = object.map('ring').info;
    const bad = (size: number, field: Partial<StructLayout['fields'][string]>): StructLayout => ({
      size,
      fields: { x: { offset: 0, size: 4, signed: false, count: 1, ...field } },
    });
    const cases: [number, StructLayout, string[], number][] = [
      [object.map('hash').info.fd, layout, ['tail'], 8],
      [object.programFd('apply'), layout, ['tail'], 8],
      [0, layout, ['tail'], 8],
      [-1, layout, ['tail'], 8],
      [99999, layout, ['tail'], 8],
      [fd, layout, ['nope'], 8],
      [fd, layout, ['toString'], 8],
      [fd, layout, [], 8],
      [fd, layout, ['tail'], 0],
      [fd, layout, ['tail'], 1.5],
      [fd, layout, ['tail'], 2 ** 20 + 1],
      [fd, layout, Array.from({ length: 300 }, () => 'tail'), 8],
      [fd, layout, Array.from({ length: 200 }, () => 'tail'), 2 ** 20],
      [fd, bad(56, { offset: 54 }), ['x'], 8],
      [fd, bad(56, { offset: -4 }), ['x'], 8],
      [fd, bad(56, { offset: 0.5 }), ['x'], 8],
      [fd, bad(56, { size: 3 }), ['x'], 8],
      [fd, bad(56, { size: 16 }), ['x'], 8],
      [fd, bad(56, { count: 0 }), ['x'], 8],
      [fd, bad(56, { count: 15 }), ['x'], 8],
      [fd, bad(2 ** 40, { offset: 2 ** 39 }), ['x'], 8],
      [fd, bad(0, {}), ['x'], 8],
    ];
    for (const args of cases) expect(failure(() => openRing(...args)).code).toMatch(/ERR_BPF_(ARGUMENT|MAP)/);
  });

  test('closed is closed', () => {
    const ring = openRing(object.map('ring').info.fd, layout, ['tail'], 8);
    const { wakeFd } = ring;
    ring.close();
    ring.close();
    for (const call of [() => ring.drain(), () => ring.wait(0), () => ring.skipped])
      expect(failure(call).code).toBe('ERR_BPF_CLOSED');
    expect(failure(() => wakeRing(wakeFd)).code).toBe('ERR_BPF_ARGUMENT');
  });
});
