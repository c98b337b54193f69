// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { STATE_FILES } from '@gthulhu/contracts';

/** A key or its folder cannot be used; the message says which and what to do. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}

const LOOSE = 0o077;
const KEY_MAX_BYTES = 16_384;

const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');
const isOurs = (uid: number): boolean => uid === 0 || uid === process.geteuid?.();

/** Whatever can be read by others than its owner is no secret any more: it is refused, not repaired. */
function refuseLoose(what: string, path: string, { mode, uid }: { mode: number; uid: number }, right: string): void {
  if (!isOurs(uid))
    throw new KeyError(`${what} ${path} belongs to user ${uid}; it must belong to root: chown root ${path}`);
  if ((mode & LOOSE) !== 0)
    throw new KeyError(`${what} ${path} has mode ${octal(mode)}, so others can use it; chmod ${right} ${path}`);
}

/** Makes the folder where it is missing. @throws KeyError when others can look into it */
export function ensurePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const stat = lstatSync(path);
    if (!stat.isDirectory()) throw new KeyError(`${path} is no folder; remove it, or name another one`);
    refuseLoose('the folder', path, stat, '700');
  } catch (cause) {
    if (cause instanceof KeyError) throw cause;
    throw new KeyError(`the folder ${path} cannot be made: ${(cause as Error).message}`, { cause });
  }
}

/** Its whole text or nothing is there, also after a crash. @param replace what is there; else EEXIST */
function writeWhole(path: string, text: string, replace: boolean): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  if (replace) {
    renameSync(temporary, path);
    return;
  }
  try {
    linkSync(temporary, path);
  } finally {
    unlinkSync(temporary);
  }
}

const isCode = (error: unknown, code: string): boolean => (error as { code?: unknown }).code === code;

/** The text of a file that only its owner can read; null when there is none. */
function readSecret(path: string): string | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return null;
    throw new KeyError(`the key ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > KEY_MAX_BYTES) throw new KeyError(`${path} is no key file; remove it`);
    refuseLoose('the key', path, stat, '600');
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

function parseKey(path: string, pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch (cause) {
    throw new KeyError(`${path} holds no private key (${(cause as Error).message}); remove it, and a new one is made`, {
      cause,
    });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2_048) return key;
  throw new KeyError(`${path} holds a key that is neither Ed25519 nor RSA of 2048 bits or more; remove it`);
}

/** The key at `path`, made at first. Two processes that start at once get the same one. */
function obtainKey(path: string): KeyObject {
  const there = readSecret(path);
  if (there !== null) return parseKey(path, there);
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  try {
    writeWhole(path, pem, false);
  } catch (cause) {
    if (!isCode(cause, 'EEXIST'))
      throw new KeyError(`the key ${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
  return parseKey(path, readSecret(path) ?? '');
}

function register(clientFile: string, key: KeyObject): void {
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
  try {
    if (readFileSync(clientFile, 'utf8') === pem) return;
  } catch (cause) {
    if (!isCode(cause, 'ENOENT'))
      throw new KeyError(`${clientFile} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    writeWhole(clientFile, pem, true);
  } catch (cause) {
    throw new KeyError(`${clientFile} cannot be written: ${(cause as Error).message}`, { cause });
  }
}

/**
 * The private key of a client of this machine, made at its first start, and its public half registered with the node
 * API of the same state folder.
 * @throws KeyError
 */
export function clientKey(stateFolder: string, keyFile: string, clientId: string): KeyObject {
  ensurePrivateFolder(stateFolder);
  const key = obtainKey(join(stateFolder, keyFile));
  const clientFile = join(stateFolder, STATE_FILES.clientFolder, `${clientId}.pem`);
  ensurePrivateFolder(dirname(clientFile));
  register(clientFile, key);
  return key;
}
