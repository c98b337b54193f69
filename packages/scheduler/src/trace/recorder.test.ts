// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { batchOf, decisionsFor, node } from '../policies/batch.fixture.ts';
import { builtInRecording, readLatest, readTrace } from './read-trace.ts';
import { startRecorder } from './recorder.ts';

const dir = mkdtempSync(join(tmpdir(), 'gthulhu-trace-'));
afterAll(() => rmSync(dir, { recursive: true }));
let files = 0;
const fresh = (): string => join(dir, `trace-${++files}`);

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

  test('the last of both segments can be read alone', () => {
    const path = fresh();
    record(path, 30, 1 << 20);
    record(path, 5, 1 << 20);
    const latest = (batches: number, bytes = 1 << 20): number[] =>
      readTrace(path, { batches, bytes }).batches.map(({ batch }) => batch.pid[0]);
    expect(latest(3)).toEqual([2, 3, 4]);
    expect(latest(7)).toEqual([28, 29, 0, 1, 2, 3, 4]);
    // Blocks with ten batches: one at least.
    expect(latest(100, 1)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 0, 1, 2, 3, 4]);
    expect(latest(0)).toEqual([]);
    expect(readTrace(path, { batches: 3, bytes: 1 }).recorded).toBe(35);
    expect(readTrace(path).recorded).toBe(35);
  });

  test('damage is told wherever it is', () => {
    const path = fresh();
    record(path, 30, 1 << 20);
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(path, bytes);
    const { batches, recorded, damage } = readTrace(path, { batches: 3, bytes: 1 << 20 });
    expect([batches.map(({ batch }) => batch.pid[0]), recorded]).toEqual([[7, 8, 9], 10]);
    expect(damage).toMatch(/is damaged at byte \d+; the 10 batches before it are good$/);
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
    [
      'a short file of somebody',
      (path) => writeFileSync(path, 'keep me'),
      /trace-\d+ is no recording; name another traceFile/,
    ],
    ['a long file of somebody', (path) => writeFileSync(path, 'keep me '.repeat(1000)), /trace-\d+ is no recording/],
    ['a file in the place of the earlier one', (path) => writeFileSync(`${path}.1`, 'keep me'), /\.1 is no recording/],
    ['a directory in the place of the earlier one', (path) => mkdirSync(`${path}.1`), /\.1 is no regular file/],
    [
      'a folder that is not there',
      (path) => rmSync(path, { force: true }),
      /missing\/trace: its folder does not exist; make it, or name another traceFile \(ENOENT/,
    ],
  ])('%s ends the recording, not the policy', (what, prepare, reason) => {
    const path = what.startsWith('a folder') ? join(dir, 'missing', 'trace') : fresh();
    prepare(path);
    const others = (): string[] =>
      [path, `${path}.1`, `${path}-target`]
        .filter((name) => statSync(name, { throwIfNoEntry: false })?.isFile())
        .map((name) => readFileSync(name, 'utf8'));
    const before = others();
    const reasons: string[] = [];
    record(path, 20, 1 << 20, (text) => reasons.push(text));
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(reason);
    expect(others()).toEqual(before);
  });

  test('a file that somebody puts beside it meanwhile is kept', () => {
    const path = fresh();
    const reasons: string[] = [];
    const recorder = startRecorder({
      path,
      maxBytes: 8 * 1024,
      capacity: 512,
      policy: 'p',
      onFailed: (reason) => reasons.push(reason),
    });
    writeFileSync(`${path}.1`, 'keep me');
    for (let i = 0; i < 100; i++) {
      const batch = batchOf([{ pid: i }]);
      recorder.record(batch, decisionsFor(batch), node);
      recorder.flush();
    }
    recorder.close();
    expect(reasons).toEqual([expect.stringMatching(/\.1 is no recording/)]);
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('keep me');
  });

  test('what was cut off in its first bytes makes room', () => {
    const path = fresh();
    writeFileSync(path, 'GTHT');
    record(path, 3, 1 << 20);
    expect(pids(path)).toEqual([0, 1, 2]);
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
