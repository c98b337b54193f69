// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseTrace, type Trace, TraceError } from './parse-trace.ts';
import { earlierSegment } from './segments.ts';

/** Two segments of the largest `traceMaxMb` are shorter. */
const MAX_BYTES = 1024 * 1024 * 1024;

/** The recording that comes with the program: beside the bundled program, or in the source tree. */
export function builtInRecording(): string {
  const places = ['./recorded.trace', '../../src/trace/recorded.trace'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new TraceError(`the recording that comes with this program is not at ${places[0]}`);
  return found;
}

function readSegment(path: string): Trace {
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
    if (stat.size > MAX_BYTES) throw new TraceError(`${path}: has ${stat.size} bytes; at most ${MAX_BYTES} are read`);
    return parseTrace(readFileSync(fd), path);
  } finally {
    closeSync(fd);
  }
}

/**
 * A recording from its file, the earlier segment before the later one where there is one.
 * @throws TraceError
 */
export function readTrace(path: string): Trace {
  const later = readSegment(path);
  const before = earlierSegment(path);
  if (lstatSync(before, { throwIfNoEntry: false }) === undefined) return later;
  const earlier = readSegment(before);
  const damage = [earlier.damage, later.damage].filter((text) => text !== null);
  return {
    header: later.header,
    batches: [...earlier.batches, ...later.batches],
    damage: damage.length === 0 ? null : damage.join('; '),
  };
}
