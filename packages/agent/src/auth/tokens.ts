// SPDX-License-Identifier: Apache-2.0
import { createHash, randomUUID } from 'node:crypto';
import { NODE_API_AUDIENCE, SCOPES, type Scope } from '@gthulhu/contracts';
import { errors, jwtVerify, SignJWT } from 'jose';
import { AuthError } from './auth-error.ts';
import type { SigningKeys } from './signing-keys.ts';

const ISSUER = 'gthulhu-agent';
/** RFC 9068: a token is never taken for an assertion, nor the other way round. */
const TYPE = 'at+jwt';
/** A clock that was set back a little must not make a token of just now one of the future. */
const EARLY_SECONDS = 30;
/** Checked tokens that are remembered: more clients than any node has. */
const REMEMBERED = 256;

export interface Caller {
  readonly clientId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Seconds since 1970. */
  readonly notBefore: number;
  readonly expires: number;
}

export interface Tokens {
  issue(clientId: string, scopes: readonly Scope[]): Promise<{ readonly token: string; readonly expires: number }>;
  /** @throws AuthError */
  verify(token: string): Promise<Caller>;
}

export const isScope = (text: string): text is Scope => (SCOPES as readonly string[]).includes(text);

/** What is wrong with a token or assertion, as the end of a sentence. Never says which part of a signature. */
export function whyRefused(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf') return 'it is not valid yet; compare the clocks';
    if (error.claim === 'aud') return 'it is for another audience';
    return `its claim ${error.claim} is missing or wrong`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not taken';
  if (error instanceof AuthError) return error.message;
  return 'it was not signed by the key it has to be signed by';
}

/** @param now milliseconds since 1970 */
export function createTokens(keys: SigningKeys, lifeSeconds: number, now: () => number = Date.now): Tokens {
  /** By the digest of the token: how long a comparison takes tells nothing of a token that is good. */
  const checked = new Map<string, Caller>();
  const byId = new Map(keys.all.map((key) => [key.id, key]));

  async function check(token: string): Promise<Caller> {
    const { payload } = await jwtVerify(
      token,
      ({ kid, alg }) => {
        const key = byId.get(kid ?? '');
        if (key === undefined) throw new AuthError('its key is not one of this server');
        if (key.algorithm !== alg) throw new AuthError('its algorithm is not that of its key');
        return key.publicKey;
      },
      {
        algorithms: ['EdDSA', 'RS256'],
        audience: NODE_API_AUDIENCE,
        issuer: ISSUER,
        typ: TYPE,
        requiredClaims: ['sub', 'scope', 'exp', 'nbf', 'iat'],
        currentDate: new Date(now()),
      },
    );
    return {
      clientId: payload.sub as string,
      scopes: new Set(String(payload.scope).split(' ').filter(isScope)),
      notBefore: payload.nbf as number,
      expires: payload.exp as number,
    };
  }

  return {
    async issue(clientId, scopes) {
      const seconds = Math.floor(now() / 1_000);
      const expires = seconds + lifeSeconds;
      const token = await new SignJWT({ client_id: clientId, scope: scopes.join(' ') })
        .setProtectedHeader({ alg: keys.current.algorithm, kid: keys.current.id, typ: TYPE })
        .setIssuer(ISSUER)
        .setSubject(clientId)
        .setAudience(NODE_API_AUDIENCE)
        .setJti(randomUUID())
        .setIssuedAt(seconds)
        .setNotBefore(seconds - EARLY_SECONDS)
        .setExpirationTime(expires)
        .sign(keys.current.privateKey);
      return { token, expires };
    },

    async verify(token) {
      const digest = createHash('sha256').update(token).digest('base64');
      const known = checked.get(digest);
      const seconds = now() / 1_000;
      if (known !== undefined && seconds >= known.notBefore && seconds < known.expires) return known;
      checked.delete(digest);
      let caller: Caller;
      try {
        caller = await check(token);
      } catch (cause) {
        throw new AuthError(whyRefused(cause), { cause });
      }
      if (checked.size >= REMEMBERED) checked.delete(checked.keys().next().value as string);
      checked.set(digest, caller);
      return caller;
    },
  };
}
