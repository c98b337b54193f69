// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, timingSafeEqual } from 'node:crypto';
import { AuthError } from './auth-error.ts';
import { type SigningKey, spkiOf } from './signing-keys.ts';

/**
 * Checks what clients of 2025 show: the public half of the server's RSA key.
 * @throws AuthError
 */
export function checkShownKey(pem: string, own: SigningKey): void {
  if (!pem.includes('-----BEGIN PUBLIC KEY-----') && !pem.includes('-----BEGIN RSA PUBLIC KEY-----')) {
    throw new AuthError('it is not a public key in PEM');
  }
  let shown: Buffer;
  try {
    shown = spkiOf(createPublicKey(pem));
  } catch (cause) {
    throw new AuthError('it is not a public key in PEM', { cause });
  }
  const known = spkiOf(own.publicKey);
  if (shown.length !== known.length || !timingSafeEqual(shown, known)) {
    throw new AuthError('it is not the public key of this server');
  }
}
