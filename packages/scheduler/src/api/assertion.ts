// SPDX-License-Identifier: Apache-2.0
import { type KeyObject, randomUUID, sign } from 'node:crypto';
import { ASSERTION_SECONDS, NODE_API_AUDIENCE } from '@gthulhu/contracts';

/** An assertion is used at once: it need not live as long as it may. */
const LIFE_SECONDS = Math.min(60, ASSERTION_SECONDS);

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What a client shows to get a token (RFC 7523). @param nowSeconds since 1970, by the clock of the server */
export function makeAssertion(clientId: string, key: KeyObject, nowSeconds: number): string {
  const isEd25519 = key.asymmetricKeyType === 'ed25519';
  const iat = Math.floor(nowSeconds);
  const text = `${part({ alg: isEd25519 ? 'EdDSA' : 'RS256', typ: 'JWT' })}.${part({
    iss: clientId,
    sub: clientId,
    aud: NODE_API_AUDIENCE,
    jti: randomUUID(),
    iat,
    exp: iat + LIFE_SECONDS,
  })}`;
  return `${text}.${sign(isEd25519 ? null : 'sha256', Buffer.from(text), key).toString('base64url')}`;
}
