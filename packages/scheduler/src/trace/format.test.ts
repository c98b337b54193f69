// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { batchOf, decisionsFor, node, type Row } from '../policies/batch.fixture.ts';
import type { DecisionBatch, NodeView, TaskBatch } from '../policies/policy.ts';
import { BlockWriter } from './block-writer.ts';
import { BATCH_COLUMNS, DECISION_COLUMNS, NODE_FIELDS } from './columns.ts';
import { encodeHeader, type TraceHeader } from './format.ts';
import { parseTrace, type RecordedBatch, TraceError } from './parse-trace.ts';

const HEADER: TraceHeader = { batch: BATCH_COLUMNS, decisions: DECISION_COLUMNS, node: NODE_FIELDS, policy: 'p' };

/** The same numbers in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Made {
  readonly batch: TaskBatch;
  readonly out: DecisionBatch;
  readonly node: NodeView;
}

/** Any batch that can be: each column with what its type holds, decisions with anything that a double holds. */
function anyBatch(random: () => number): Made {
  const rows: Row[] = Array.from({ length: Math.floor(random() * 40) }, () =>
    Object.fromEntries(
      BATCH_COLUMNS.map(({ name, type }) => [
        name,
        type === 'u32' ? Math.floor(random() * 2 ** 32) : random() * 2 ** Math.floor(random() * 60),
      ]),
    ),
  );
  const batch = batchOf(rows);
  const out = decisionsFor(batch);
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, -0, -1, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE];
  for (const column of Object.values(out))
    for (let i = 0; i < rows.length; i++)
      column[i] = random() < 0.2 ? odd[Math.floor(random() * odd.length)] : random() * 1e12;
  return { batch, out, node: { ...node, nrCpus: 1 + Math.floor(random() * 64), nowNs: random() * 1e15 } };
}

const plain = ({ batch, decisions, node }: RecordedBatch) => ({
  batch: { ...batch, ...Object.fromEntries(BATCH_COLUMNS.map(({ name }) => [name, [...batch[name]]])) },
  decisions: Object.fromEntries(Object.entries(decisions).map(([name, column]) => [name, [...column]])),
  node,
});

const expected = ({ batch, out, node }: Made) =>
  plain({
    batch: {
      ...Object.fromEntries(BATCH_COLUMNS.map(({ name }) => [name, batch[name].slice(0, batch.length)])),
      length: batch.length,
    } as unknown as TaskBatch,
    decisions: {
      key: out.key.slice(0, batch.length),
      sliceNs: out.sliceNs.slice(0, batch.length),
      cpu: out.cpu.slice(0, batch.length),
    },
    node,
  });

function bytesOf(made: readonly Made[], perBlock: number): Uint8Array {
  const writer = new BlockWriter(1 << 20);
  const parts: Uint8Array[] = [encodeHeader(HEADER)];
  for (const [i, { batch, out, node }] of made.entries()) {
    expect(writer.add(batch, out, node)).toBe(true);
    if ((i + 1) % perBlock === 0) parts.push(writer.take().slice());
  }
  if (!writer.empty) parts.push(writer.take().slice());
  return new Uint8Array(Buffer.concat(parts));
}

describe('what was written is read', () => {
  test.each(Array.from({ length: 20 }, (_, seed) => seed))('batches of any kind, seed %d', (seed) => {
    const random = numbers(seed);
    const made = Array.from({ length: 1 + Math.floor(random() * 20) }, () => anyBatch(random));
    const trace = parseTrace(bytesOf(made, 1 + Math.floor(random() * 5)), 't');
    expect(trace.damage).toBeNull();
    expect(trace.header).toEqual(HEADER);
    expect(trace.batches.map(plain)).toEqual(made.map(expected));
  });

  test('a batch that does not fit changes nothing', () => {
    const { batch, out } = { batch: batchOf([{}, {}]), out: decisionsFor(batchOf([{}, {}])) };
    const writer = new BlockWriter(16 + 40 + 120);
    expect(writer.add(batch, out, node)).toBe(false);
    expect(writer.empty).toBe(true);
    expect(writer.add(batchOf([{}]), decisionsFor(batchOf([{}])), node)).toBe(true);
  });
});

describe('damage', () => {
  const random = numbers(7);
  const made = Array.from({ length: 6 }, () => anyBatch(random));
  const good = bytesOf(made, 2);
  const header = encodeHeader(HEADER).length;

  test('cut off anywhere, it gives the blocks before or says that it is none', () => {
    for (let length = 0; length < good.length; length += 89) {
      const cut = good.slice(0, length);
      if (length < header) {
        expect(() => parseTrace(cut, 't'), `${length}`).toThrow(/^t: is (no recording|cut off in its header)/);
        continue;
      }
      const { batches, damage } = parseTrace(cut, 't');
      expect(batches.length % 2, `${length}`).toBe(0);
      expect(batches.map(plain)).toEqual(made.slice(0, batches.length).map(expected));
      if (damage !== null) expect(damage).toMatch(/^t: is cut off at byte \d+; the \d batches before it are good$/);
    }
  });

  test('a changed byte anywhere never gives other batches', () => {
    const change = numbers(1);
    for (let round = 0; round < 400; round++) {
      const bytes = good.slice();
      bytes[Math.floor(change() * bytes.length)] ^= 1 << Math.floor(change() * 8);
      try {
        const { batches, damage, header } = parseTrace(bytes, 't');
        // Only names in the header are not part of what is checked.
        if (JSON.stringify(header) !== JSON.stringify(HEADER)) continue;
        expect(batches.map(plain)).toEqual(made.slice(0, batches.length).map(expected));
        if (batches.length < made.length) expect(damage).toMatch(/^t: is (damaged|cut off) at byte/);
      } catch (error) {
        expect(error).toBeInstanceOf(TraceError);
      }
    }
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(), /is no recording/],
    ['text', new TextEncoder().encode('hello, this is no recording'), /is no recording/],
    ['another version', good.slice().fill(9, 8, 9), /version 9; this program reads version 1/],
    ['a header that never ends', good.slice().fill(0xff, 12, 16), /header is damaged/],
    ['a header that is no JSON', good.slice().fill(0x7b, 16, 20), /header is damaged/],
  ])('%s', (_, bytes, message) => {
    expect(() => parseTrace(bytes, 't')).toThrow(message);
  });

  test.each<[string, Partial<Record<keyof TraceHeader, unknown>>, RegExp]>([
    ['no columns', { batch: undefined }, /header is damaged/],
    ['a type that does not exist', { batch: [{ name: 'pid', type: 'u7' }] }, /header is damaged/],
    ['a column less', { batch: BATCH_COLUMNS.filter(({ name }) => name !== 'gen') }, /another version and lacks gen;/],
    ['a field less', { node: ['nrCpus'] }, /lacks sliceDefaultNs, sliceMinNs, nowNs;/],
    ['a decision less', { decisions: DECISION_COLUMNS.slice(1) }, /lacks decision key;/],
  ])('a header with %s', (_, change, message) => {
    expect(() => parseTrace(encodeHeader({ ...HEADER, ...change } as TraceHeader), 't')).toThrow(message);
  });
});

test('a column that this version does not know is passed over', () => {
  const header = { ...HEADER, batch: [{ name: 'later', type: 'u32' as const }, ...BATCH_COLUMNS] };
  expect(parseTrace(encodeHeader(header), 't')).toEqual({ header, batches: [], recorded: 0, damage: null });
});
