// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';

/** Mode bits: the group or others may write. */
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const MAX_LINKS = 40;
const MAX_BYTES = 1024 * 1024;

/** A policy of one's own, as it was read: what is checked, tried and run is this text, whatever the file says later. */
export interface PolicySource {
  /** Absolute path, for messages. */
  readonly file: string;
  readonly text: string;
  /** Of the file's bytes, hexadecimal. */
  readonly sha256: string;
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** Nobody else can write there: a ConfigMap's folder has mode 777 and is mounted read-only. */
function onReadOnlyMount(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return false;
  } catch (error) {
    return codeOf(error) === 'EROFS';
  }
}

/** Who may write a file, may say what the scheduler does; who may write its folder, may put another file there. */
function ownershipFault(path: string, stat: Stats): string | null {
  if (stat.uid !== 0)
    return `${path} belongs to user ${stat.uid}; a policy runs with the scheduler's rights, so it and its folders must belong to root`;
  if (stat.isSymbolicLink() || (stat.mode & WRITABLE_BY_OTHERS) === 0) return null;
  if (stat.isDirectory() && ((stat.mode & STICKY) !== 0 || onReadOnlyMount(path))) return null;
  return `${path} can be written by others (mode ${(stat.mode & 0o777).toString(8)}); remove that: chmod go-w ${path}`;
}

const parts = (path: string): string[] => path.split(sep).filter((part) => part !== '' && part !== '.');

/**
 * What of a policy file would let somebody else than root choose what the scheduler runs: of the file itself, of the
 * folders on the way to it, or of a symlink on that way. Null where nothing does.
 * Goes the way that the kernel goes: `..` in a symlink leads up from where the way has come to, whatever names led there.
 * @throws the error of the system call
 */
export function policyFileFault(file: string): string | null {
  const path = resolve(file);
  let place = parse(path).root;
  let rest = parts(path);
  let links = 0;
  for (;;) {
    const stat = lstatSync(place);
    const fault = ownershipFault(place, stat);
    if (fault !== null) return fault;
    if (stat.isSymbolicLink()) {
      if (++links > MAX_LINKS) return `${file} has too many symlinks on its way`;
      const target = readlinkSync(place);
      rest = [...parts(target), ...rest];
      place = isAbsolute(target) ? parse(target).root : dirname(place);
      continue;
    }
    const next = rest.shift();
    if (next === undefined) return stat.isFile() ? null : `${file} is no regular file`;
    if (!stat.isDirectory()) return `${place} on the way to ${file} is no folder`;
    place = next === '..' ? dirname(place) : join(place, next);
  }
}

/**
 * Reads a policy file, once.
 * @throws Error that says what to do
 */
export function readPolicyFile(file: string): PolicySource {
  return read(file, () => null);
}

/** @param faultOf why the opened file is refused; null where it is not */
function read(file: string, faultOf: (path: string, stat: Stats) => string | null): PolicySource {
  const path = resolve(file);
  let fd: number;
  try {
    // Not blocking: a pipe would wait for somebody to write into it.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new Error(`policy file ${path} cannot be read (${codeOf(cause)}); it must be an existing file`, { cause });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error(`policy file ${path} is no regular file`);
    if (stat.size > MAX_BYTES)
      throw new Error(`policy file ${path} has ${stat.size} bytes; at most ${MAX_BYTES} are read`);
    const fault = faultOf(path, stat);
    if (fault !== null) throw new Error(`policy file ${path} is refused: ${fault}`);
    const bytes = readFileSync(fd);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    try {
      return { file: path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), sha256 };
    } catch (cause) {
      throw new Error(`policy file ${path} is not UTF-8 text; save it as UTF-8`, { cause });
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * The same for what the scheduler itself runs: only root may say what that is.
 * @throws Error that says what to do
 */
export function readTrustedPolicyFile(file: string): PolicySource {
  let fault: string | null;
  try {
    fault = policyFileFault(file);
  } catch (cause) {
    throw new Error(
      `policy file ${file} cannot be read (${codeOf(cause)}); scheduler.policy must name an existing file`,
      {
        cause,
      },
    );
  }
  if (fault !== null) throw new Error(`policy file ${file} is refused: ${fault}`);
  // Once more, of what was opened: that is what is run.
  return read(file, ownershipFault);
}
