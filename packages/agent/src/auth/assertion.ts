// SPDX-License-Identifier: Apache-2.0
import { ASSERTION_SECONDS, NODE_API_AUDIENCE } from '@gthulhu/contracts';
import { decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import { AuthError } from './auth-error.ts';
import type { ClientKey } from './client-keys.ts';
import { whyRefused } from './tokens.ts';

/** How far the clocks of a client and of the agent may be apart. */
const SKEW_SECONDS = 30;

export interface AssertionDoors {
  /** Null when nobody is registered under that id. */
  readonly keyOf: (clientId: string) => ClientKey | null;
  /** Remembers a `jti`; false when it was used before. @param until seconds since 1970 */
  readonly useOnce: (clientId: string, jti: string, until: number) => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** One text, whether the client is unknown or the signature is: nobody learns here who is registered. */
const NOT_REGISTERED = 'it was not signed by the registered key of its issuer';

function issuerOf(assertion: string): string {
  try {
    const { iss } = decodeJwt(assertion);
    if (typeof iss === 'string') return iss;
  } catch {
    // Said below.
  }
  throw new AuthError('it is not a JWT that names its issuer');
}

function checkTimes({ iat, exp }: JWTPayload, seconds: number): void {
  const [made, end] = [iat as number, exp as number];
  if (made > seconds + SKEW_SECONDS) throw new AuthError('it is not valid yet; compare the clocks');
  if (end - made > ASSERTION_SECONDS || end > seconds + ASSERTION_SECONDS + SKEW_SECONDS) {
    throw new AuthError(`it is valid for more than ${ASSERTION_SECONDS} s`);
  }
}

/**
 * Who sent an assertion (RFC 7523, section 3).
 * @returns the client's id
 * @throws AuthError
 */
export async function verifyAssertion(assertion: string, { keyOf, useOnce, now }: AssertionDoors): Promise<string> {
  const clientId = issuerOf(assertion);
  let payload: JWTPayload;
  try {
    const key = keyOf(clientId);
    if (key === null) throw new AuthError(NOT_REGISTERED);
    ({ payload } = await jwtVerify(assertion, key.publicKey, {
      algorithms: [key.algorithm],
      issuer: clientId,
      subject: clientId,
      audience: NODE_API_AUDIENCE,
      clockTolerance: SKEW_SECONDS,
      requiredClaims: ['jti', 'iat', 'exp'],
      currentDate: new Date(now()),
    }));
  } catch (cause) {
    const why = whyRefused(cause);
    throw new AuthError(why.includes('signed by') ? NOT_REGISTERED : why, { cause });
  }
  checkTimes(payload, now() / 1_000);
  const { jti } = payload;
  if (typeof jti !== 'string' || jti.length < 1 || jti.length > 128)
    throw new AuthError('its jti must have 1 to 128 characters');
  if (!useOnce(clientId, jti, (payload.exp as number) + SKEW_SECONDS))
    throw new AuthError('it was used before: its jti is good once');
  return clientId;
}
