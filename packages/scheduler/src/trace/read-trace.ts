// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BLOCK, BLOCK_HEAD_BYTES, FILE_HEAD_BYTES, HEADER_MAX_BYTES } from './format.ts';
import { ALL, type Latest, parseTrace, type Trace, TraceError } from './parse-trace.ts';
import { earlierSegment } from './segments.ts';

/** Two segments of the largest `traceMaxMb` are shorter. */
const MAX_BYTES = 256 * 1024 * 1024;

/** The recording that comes with the program: beside the bundled program, or in the source tree. */
export function builtInRecording(): string {
  const places = ['./recorded.trace', '../../src/trace/recorded.trace'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new TraceError(`the recording that comes with this program is not at ${places[0]}`);
  return found;
}

function withSegment<T>(path: string, use: (fd: number, size: number) => T): T {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    const why = code === 'ELOOP' ? 'is a symlink; name the file itself' : `cannot be read (${code})`;
    throw new TraceError(`${path}: ${why}`, { cause });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new TraceError(`${path}: is no regular file`);
    return use(fd, stat.size);
  } finally {
    closeSync(fd);
  }
}

const readSegment = (path: string, latest: Latest): Trace =>
  withSegment(path, (fd, size) => {
    if (size > MAX_BYTES) throw new TraceError(`${path}: has ${size} bytes; at most ${MAX_BYTES} are read`);
    return parseTrace(readFileSync(fd), path, latest);
  });

/**
 * The last batches of a recording that may be long and is being written: only the last blocks of its later segment are
 * read, of the earlier one where that has none yet.
 * @throws TraceError
 */
export function readLatest(path: string, maxBytes: number): Trace {
  const latest = withSegment(path, (fd, size) => {
    const { headBytes, starts } = findBlocks(fd, size, path);
    const from = starts.find((start) => size - start <= maxBytes) ?? size;
    const head = readAt(fd, 0, headBytes);
    return parseTrace(Buffer.concat([head, readAt(fd, from, size - from)]), path);
  });
  const before = earlierSegment(path);
  const hasEarlier = !path.endsWith('.1') && lstatSync(before, { throwIfNoEntry: false }) !== undefined;
  return latest.batches.length === 0 && hasEarlier ? readLatest(before, maxBytes) : latest;
}

function readAt(fd: number, from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let got = 0;
  while (got < length) {
    const more = readSync(fd, bytes, got, length - got, from + got);
    if (more === 0) break;
    got += more;
  }
  return bytes.subarray(0, got);
}

/** Where the header ends and where blocks start, hopping from one to the next. */
function findBlocks(fd: number, size: number, path: string): { headBytes: number; starts: number[] } {
  const fileHead = readAt(fd, 0, FILE_HEAD_BYTES);
  if (fileHead.length < FILE_HEAD_BYTES) throw new TraceError(`${path}: is cut off in its header`);
  const headBytes = Math.min(FILE_HEAD_BYTES + Math.min(fileHead.readUInt32LE(12), HEADER_MAX_BYTES), size);
  const starts: number[] = [];
  for (let at = headBytes; at + BLOCK_HEAD_BYTES <= size; ) {
    const head = readAt(fd, at, BLOCK_HEAD_BYTES);
    if (head.readUInt32LE(0) !== BLOCK) break;
    starts.push(at);
    at += BLOCK_HEAD_BYTES + head.readUInt32LE(4);
  }
  return { headBytes, starts };
}

/**
 * A recording from its file, the earlier segment before the later one where there is one.
 * @param latest how much of it, its bytes in each of the two; both are checked for damage as a whole
 * @throws TraceError
 */
export function readTrace(path: string, latest = ALL): Trace {
  const later = readSegment(path, latest);
  const before = earlierSegment(path);
  if (lstatSync(before, { throwIfNoEntry: false }) === undefined) return later;
  const earlier = readSegment(before, { ...latest, batches: latest.batches - later.batches.length });
  const damage = [earlier.damage, later.damage].filter((text) => text !== null);
  return {
    header: later.header,
    batches: [...earlier.batches, ...later.batches],
    recorded: earlier.recorded + later.recorded,
    damage: damage.length === 0 ? null : damage.join('; '),
  };
}
