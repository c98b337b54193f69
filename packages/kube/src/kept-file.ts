// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** What a cluster said last, kept for a time when it cannot be asked. */
export interface KeptFile {
  readonly text: string;
  /** When the API server was heard last, by the clock of this machine, milliseconds since 1970. */
  readonly heardAt: number;
}

/** @returns null when there is none
 * @throws Error when it is larger than `maxBytes` or cannot be read */
export function readKept(file: string, maxBytes: number): KeptFile | null {
  try {
    const { size, mtimeMs } = statSync(file);
    if (size > maxBytes) throw new Error(`it has ${size} bytes, at most ${maxBytes} are read`);
    return { text: readFileSync(file, 'utf8'), heardAt: mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Writes it whole: whoever reads finds the old one or the new one, also after a crash.
 * @throws Error
 */
export function writeKept(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const work = `${file}.${process.pid}`;
  try {
    const handle = openSync(work, 'w', 0o600);
    try {
      writeFileSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(work, file);
  } catch (error) {
    rmSync(work, { force: true, recursive: true });
    throw error;
  }
}

/** Notes that the API server has been heard, and that what is kept is what it says. @throws Error */
export function touchKept(file: string, now: Date = new Date()): void {
  utimesSync(file, now, now);
}
