// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { closeSync, constants, lstatSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { MAGIC } from './format.ts';

/** The earlier of the two segments. */
export const earlierSegment = (path: string): string => `${path}.1`;

/** Two files that together never get longer than a limit: the later one becomes the earlier one when it is half as long. */
export interface Segments {
  /** @throws the error of the system call */
  write(block: Uint8Array): void;
  close(): void;
}

/** The first bytes, as many as a recording needs to be known. */
function startOf(path: string): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const start = Buffer.alloc(MAGIC.length);
    return start.toString('latin1', 0, readSync(fd, start));
  } finally {
    closeSync(fd);
  }
}

/**
 * What a new recording would take the place of.
 * @returns its length in bytes; null where nothing is there
 * @throws Error where it is no recording: neither another file nor what a symlink leads to must be lost. A recording that
 *   was cut off in its first bytes, and a file without any, are recordings.
 */
function recordingAt(path: string): number | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  if (!stat.isFile()) throw new Error(`${path} is no regular file (a symlink is not followed); remove it`);
  if (!MAGIC.startsWith(startOf(path)))
    throw new Error(`${path} is no recording; name another traceFile, or remove it`);
  return stat.size;
}

/** Makes room for a new file: what is there becomes the earlier one, and that one goes. */
function moveAway(path: string): void {
  const found = recordingAt(path);
  recordingAt(earlierSegment(path));
  if (found !== null) renameSync(path, earlierSegment(path));
}

function create(path: string): number {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/**
 * Begins a new segment; what is there becomes the earlier one.
 * @param head stands at the start of each segment
 * @param maxBytes of both together
 * @throws where the file cannot be made, or would take the place of what is no recording
 */
export function openSegments(path: string, head: Uint8Array, maxBytes: number): Segments {
  const half = maxBytes / 2;
  let fd = -1;
  let length = 0;

  function append(bytes: Uint8Array): void {
    // A write may be cut short, by a limit or a full disk: the rest tells why.
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    length += bytes.length;
  }
  function begin(): void {
    moveAway(path);
    fd = create(path);
    length = 0;
    append(head);
  }
  function end(): void {
    if (fd >= 0) closeSync(fd);
    fd = -1;
  }

  // A segment that nobody has written into tells nothing.
  const found = recordingAt(path);
  if (found !== null && found <= head.length) rmSync(path);
  begin();
  return {
    write(block) {
      if (length + block.length > half && length > head.length) {
        end();
        begin();
      }
      append(block);
    },
    close: end,
  };
}
