// SPDX-License-Identifier: Apache-2.0
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { batchOf, decisionsFor, node, type Row } from '../policies/batch.fixture.ts';
import type { DecisionBatch, NodeView, TaskBatch } from '../policies/policy.ts';
import { BlockWriter } from './block-writer.ts';
import { BATCH_COLUMNS, DECISION_COLUMNS, NODE_FIELDS } from './columns.ts';
import { encodeHeader, type TraceHeader } from './format.ts';
import { parseTrace, type RecordedBatch, TraceError } from './parse-trace.ts';
import { builtInRecording, readLatest, readTrace } from './read-trace.ts';
import { startRecorder } from './recorder.ts';

const dir = mkdtempSync(join(tmpdir(), 'gthulhu-trace-'));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;
const fresh = (): string => join(dir, `trace-${++files}`);

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
  expect(parseTrace(encodeHeader(header), 't')).toEqual({ header, batches: [], damage: null });
});

describe('the recorder', () => {
  const record = (path: string, batches: number, maxBytes: number, onFailed: (reason: string) => void = () => {}) => {
    const recorder = startRecorder({ path, maxBytes, capacity: 512, policy: 'p', onFailed });
    for (let i = 0; i < batches; i++) {
      const batch = batchOf(Array.from({ length: 10 }, () => ({ pid: i })));
      recorder.record(batch, decisionsFor(batch), node);
      if (i % 10 === 9) recorder.flush();
    }
    recorder.close();
  };
  const pids = (path: string): number[] => readTrace(path).batches.map(({ batch }) => batch.pid[0]);

  test('writes what it was given, for the owner alone', () => {
    const path = fresh();
    record(path, 25, 1 << 20);
    expect(pids(path)).toEqual(Array.from({ length: 25 }, (_, i) => i));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('keeps the last ones within the limit, in two files', () => {
    const path = fresh();
    const limit = 64 * 1024;
    record(path, 500, limit);
    const seen = pids(path);
    expect(seen.at(-1)).toBe(499);
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => 500 - seen.length + i));
    expect(seen.length).toBeLessThan(500);
    expect(statSync(path).size + statSync(`${path}.1`).size).toBeLessThanOrEqual(limit);
  });

  test('a new recording keeps the one before it, once', () => {
    const path = fresh();
    for (const count of [3, 4, 5]) record(path, count, 1 << 20);
    expect(pids(path)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 4]);
  });

  test('an empty recording does not push one with batches away', () => {
    const path = fresh();
    for (const count of [3, 0, 0]) record(path, count, 1 << 20);
    expect(pids(path)).toEqual([0, 1, 2]);
  });

  test.each<[string, (path: string) => void, RegExp]>([
    [
      'a symlink',
      (path) => {
        writeFileSync(`${path}-target`, 'keep me');
        symlinkSync(`${path}-target`, path);
      },
      /a symlink is not followed/,
    ],
    ['a directory', (path) => mkdirSync(path), /no regular file/],
    ['a folder that is not there', (path) => rmSync(path, { force: true }), /ENOENT/],
  ])('%s ends the recording, not the policy', (what, prepare, reason) => {
    const path = what.startsWith('a folder') ? join(dir, 'missing', 'trace') : fresh();
    prepare(path);
    const reasons: string[] = [];
    record(path, 20, 1 << 20, (text) => reasons.push(text));
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(reason);
    if (existsSync(`${path}-target`)) expect(readFileSync(`${path}-target`, 'utf8')).toBe('keep me');
  });
});

describe('files that are read', () => {
  test('a symlink is not followed, and a pipe is not waited for', () => {
    const path = fresh();
    symlinkSync('/etc/hostname', path);
    expect(() => readTrace(path)).toThrow(/is a symlink/);
    expect(() => readTrace(join(dir, 'none'))).toThrow(/cannot be read \(ENOENT\)/);
    expect(() => readTrace(dir)).toThrow(/no regular file/);
  });
});

describe('the latest of a recording', () => {
  const written = (batches: number): string => {
    const path = fresh();
    const recorder = startRecorder({ path, maxBytes: 1 << 20, capacity: 512, policy: 'p', onFailed: () => {} });
    for (let i = 0; i < batches; i++) {
      const batch = batchOf([{ pid: i }]);
      recorder.record(batch, decisionsFor(batch), node);
      recorder.flush();
    }
    recorder.close();
    return path;
  };
  const pids = (path: string, maxBytes: number) => readLatest(path, maxBytes).batches.map(({ batch }) => batch.pid[0]);

  test('its last blocks, as many as fit', () => {
    const path = written(50);
    // A block with one task has 176 bytes.
    expect(pids(path, 3 * 176)).toEqual([47, 48, 49]);
    expect(pids(path, 1 << 20)).toHaveLength(50);
    expect(pids(path, 10)).toEqual([]);
  });

  test('while the last block is written', () => {
    const path = written(5);
    writeFileSync(path, readFileSync(path).subarray(0, -3));
    expect(pids(path, 1 << 20)).toEqual([0, 1, 2, 3]);
  });

  test('the earlier segment, where the later one has just begun', () => {
    const path = written(3);
    startRecorder({ path, maxBytes: 1 << 20, capacity: 512, policy: 'p', onFailed: () => {} });
    expect(statSync(path).size).toBeLessThan(statSync(`${path}.1`).size);
    expect(pids(path, 1 << 20)).toEqual([0, 1, 2]);
  });

  test('what is none', () => {
    const path = fresh();
    writeFileSync(path, 'no');
    expect(() => readLatest(path, 100)).toThrow(/cut off in its header/);
    writeFileSync(path, 'this is no recording, but it is long enough');
    expect(() => readLatest(path, 100)).toThrow(/is no recording/);
  });
});

test('the recording that comes with the program is whole, and small', () => {
  const path = builtInRecording();
  const { batches, damage } = readTrace(path);
  expect(damage).toBeNull();
  expect(batches.length).toBeGreaterThan(50);
  expect(batches.some(({ batch }) => batch.length > 1)).toBe(true);
  expect(statSync(path).size).toBeLessThan(200 * 1024);
});
