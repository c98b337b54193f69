// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

export interface KeptFile {
  readonly text: string;
  /** The file's time: when the API server was heard last, by the clock of this machine, milliseconds since 1970. */
  readonly heardAt: number;
}

/** What a process before this one kept of what a server said. @returns null when there is nothing @throws Error */
export function readKept(file: string, maxBytes: number): KeptFile | null {
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) throw new Error('it is no file');
    if (stat.size > maxBytes) throw new Error(`it has ${stat.size} bytes, at most ${maxBytes} are read`);
    return { text: readFileSync(handle, 'utf8'), heardAt: stat.mtimeMs };
  } finally {
    closeSync(handle);
  }
}

/**
 * Whoever reads finds what was kept before or all of this, also after a crash and on a full disk. One process at a time.
 * @throws Error
 */
export function writeKept(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // One name, so that what a crash leaves is not there for ever.
  const part = `${file}.part`;
  rmSync(part, { force: true });
  try {
    const handle = openSync(part, 'wx', 0o600);
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(part, file);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/** Notes that the server has been heard, and that what is kept is what it says. @throws Error */
export function touchKept(file: string, now: Date = new Date()): void {
  utimesSync(file, now, now);
}
