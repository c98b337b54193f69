// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { AgentError } from '../agent-error.ts';

/** Keys in PEM are smaller. */
const MAX_BYTES = 16_384;

const octal = (mode: number): string => `0${(mode & 0o7777).toString(8)}`;

export interface FileRule {
  /** Mode bits that must not be set. */
  readonly forbidden: number;
  /** For the message: how to mend the mode. */
  readonly mend: string;
}
/** Nobody but its owner reads or writes it. */
export const PRIVATE: FileRule = { forbidden: 0o077, mend: '0600' };
/** Others may read it, not write it. */
export const PUBLISHED: FileRule = { forbidden: 0o022, mend: '0644' };

/** Makes the names in a folder durable. */
export function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Text of a key file that is as private as it has to be, looked at through one descriptor: no link is followed, and what
 * was checked is what is read.
 * @throws AgentError for a link, a foreign owner, a loose mode, something too large; the system's error when it cannot be opened
 */
export function readKeyFile(path: string, { forbidden, mend }: FileRule): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { uid, mode, size } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new AgentError(`${path} is not a file; remove it`);
    const me = process.geteuid?.() ?? uid;
    if (uid !== me) {
      throw new AgentError(`${path} belongs to user ${uid}, and this is user ${me}: chown it to ${me}, or remove it`);
    }
    if ((mode & forbidden) !== 0) {
      throw new AgentError(
        `${path} has mode ${octal(mode)}, which lets others in: whoever could use it may have; replace the key, or chmod ${mend} it`,
      );
    }
    if (size > MAX_BYTES) throw new AgentError(`${path} has ${size} bytes, a key has ${MAX_BYTES} at most`);
    const bytes = Buffer.alloc(MAX_BYTES);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, MAX_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

/**
 * Writes a file that does not exist yet: whole and durable under its name, or not at all. One that was made by somebody
 * else meanwhile stays.
 * @returns whether it is this one that is there now
 */
export function createFile(path: string, text: string, mode: number): boolean {
  const half = `${path}.${randomBytes(6).toString('hex')}`;
  const fd = openSync(half, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, mode);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
    linkSync(half, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    closeSync(fd);
    unlinkSync(half);
  }
  syncFolder(dirname(path));
  return true;
}
