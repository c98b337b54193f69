// SPDX-License-Identifier: Apache-2.0
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { AgentError } from '../agent-error.ts';
import { createFile, PRIVATE, readKeyFile } from '../state/private-file.ts';
import type { StateFolder } from '../state/state-folder.ts';

export type Algorithm = 'EdDSA' | 'RS256';

export interface SigningKey {
  readonly algorithm: Algorithm;
  /** Names the key in the header of a token. */
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The one algorithm that a key is good for: nobody else chooses it. Null for keys that are not taken. */
export function algorithmOf(key: KeyObject): Algorithm | null {
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  // Longer than 8192 bits is somebody who wants to make checking expensive.
  return key.asymmetricKeyType === 'rsa' && bits >= 2_048 && bits <= 8_192 ? 'RS256' : null;
}

export const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

const generate = (algorithm: Algorithm): KeyObject =>
  algorithm === 'EdDSA'
    ? generateKeyPairSync('ed25519').privateKey
    : generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;

function read(path: string, algorithm: Algorithm): SigningKey | null {
  let text: string;
  try {
    text = readKeyFile(path, PRIVATE);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (cause instanceof AgentError) throw cause;
    throw new AgentError(`the key ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(text);
  } catch (cause) {
    throw new AgentError(`${path} is not a private key in PEM; remove it, and a new one is made`, { cause });
  }
  if (algorithmOf(privateKey) !== algorithm) {
    throw new AgentError(`${path} is no key for ${algorithm}; remove it, and a new one is made`);
  }
  const publicKey = createPublicKey(privateKey);
  return { algorithm, id: createHash('sha256').update(spkiOf(publicKey)).digest('base64url'), privateKey, publicKey };
}

/** @param made is told the path of a key that was not there before */
function readOrMake(path: string, algorithm: Algorithm, made: (path: string) => void): SigningKey {
  const found = read(path, algorithm);
  if (found !== null) return found;
  const pem = generate(algorithm).export({ type: 'pkcs8', format: 'pem' }).toString();
  if (createFile(path, pem, 0o600)) made(path);
  const key = read(path, algorithm);
  if (key === null) throw new AgentError(`the key ${path} was removed while it was made; start again`);
  return key;
}

/** The public half beside its key, also after the key was replaced. */
function publish(path: string, pem: string): void {
  const there = existsSync(path) ? readFileSync(path, 'utf8') : null;
  if (there === pem) return;
  if (there !== null) unlinkSync(path);
  createFile(path, pem, 0o644);
}

export interface SigningKeys {
  /** Signs new tokens. */
  readonly current: SigningKey;
  /** Also those that only check older tokens. */
  readonly all: readonly SigningKey[];
  /** What clients of 2025 show, with `auth.legacyPublicKey`. */
  readonly rsa: SigningKey | null;
}

/**
 * The keys of the state folder; those that are needed and missing are made. There is no other source of keys.
 * @throws AgentError for a key that somebody else could have read or written
 */
export function openSigningKeys(
  folder: StateFolder,
  wanted: { readonly algorithm: Algorithm; readonly legacyPublicKey: boolean },
  made: (path: string) => void,
): SigningKeys {
  const edwards =
    wanted.algorithm === 'EdDSA'
      ? readOrMake(folder.file('tokenKey'), 'EdDSA', made)
      : read(folder.file('tokenKey'), 'EdDSA');
  const rsa =
    wanted.algorithm === 'RS256' || wanted.legacyPublicKey
      ? readOrMake(folder.file('rsaTokenKey'), 'RS256', made)
      : read(folder.file('rsaTokenKey'), 'RS256');
  if (rsa !== null) {
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    publish(folder.file('rsaPublicKey'), pem);
  }
  const current = wanted.algorithm === 'EdDSA' ? edwards : rsa;
  return { current: current as SigningKey, all: [edwards, rsa].filter((key) => key !== null), rsa };
}
