// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, lstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

/** The earlier of the two segments. */
export const earlierSegment = (path: string): string => `${path}.1`;

/** Two files that together never get longer than a limit: the later one becomes the earlier one when it is half as long. */
export interface Segments {
  /** @throws the error of the system call */
  write(block: Uint8Array): void;
  close(): void;
}

/** Makes room for a new file. Nothing but a regular file is moved: somebody may have put a symlink there. */
function moveAway(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isFile()) throw new Error(`${path} is no regular file (a symlink is not followed); remove it`);
  renameSync(path, earlierSegment(path));
}

function create(path: string): number {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
}

/**
 * Begins a new segment; what is there becomes the earlier one.
 * @param head stands at the start of each segment
 * @param maxBytes of both together
 * @throws where the file cannot be made
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
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() && found.size <= head.length) rmSync(path);
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
