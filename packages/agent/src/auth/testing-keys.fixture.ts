// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { ClientKey } from './client-keys.ts';
import type { SigningKey } from './signing-keys.ts';

export function edwardsKey(id = 'one'): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { algorithm: 'EdDSA', id, privateKey, publicKey };
}

export function rsaKey(id = 'two'): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return { algorithm: 'RS256', id, privateKey, publicKey };
}

export const registered = ({ algorithm, publicKey }: SigningKey): ClientKey => ({ algorithm, publicKey });

export const publicPem = (key: KeyObject): string =>
  (key.type === 'public' ? key : createPublicKey(key)).export({ type: 'spki', format: 'pem' }).toString();
