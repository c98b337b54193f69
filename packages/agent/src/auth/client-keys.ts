// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { PUBLISHED, readKeyFile } from '../state/private-file.ts';
import { type Algorithm, algorithmOf } from './signing-keys.ts';

/** A name that is safe as a file's. */
export const CLIENT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export interface ClientKey {
  readonly algorithm: Algorithm;
  readonly publicKey: KeyObject;
}

/**
 * The registered key of a client, read each time: registering is putting a file there, ending a registration is removing
 * it. Null when nobody is registered under that name.
 * @throws AgentError for a file that others could have written; Error for one that is no public key
 */
export function readClientKey(folder: string, clientId: string): ClientKey | null {
  if (!CLIENT_ID.test(clientId)) return null;
  let text: string;
  try {
    text = readKeyFile(join(folder, `${clientId}.pem`), PUBLISHED);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  // A private key also contains a public one; but whoever put it here did something else than they meant.
  if (text.includes('PRIVATE KEY'))
    throw new Error(`the key of client ${clientId} is a private one; register its public half`);
  const publicKey = createPublicKey(text);
  const algorithm = algorithmOf(publicKey);
  if (algorithm === null)
    throw new Error(`the key of client ${clientId} is neither Ed25519 nor RSA of 2048 to 8192 bits`);
  return { algorithm, publicKey };
}
