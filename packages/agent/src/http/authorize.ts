// SPDX-License-Identifier: Apache-2.0
import type { Scope } from '@gthulhu/contracts';
import { AuthError } from '../auth/auth-error.ts';
import type { Caller, Tokens } from '../auth/tokens.ts';
import { Failure } from './failure.ts';

const SCHEME = 'Bearer ';
const CHALLENGE = { 'www-authenticate': 'Bearer' };

/**
 * Who calls, by the header `Authorization`. The texts are those of the versions before.
 * @throws Failure 401 or 403
 */
export async function authorize(header: string | undefined, scope: Scope, tokens: Tokens): Promise<Caller> {
  if (header === undefined || header === '') throw new Failure(401, 'Authorization header is required', CHALLENGE);
  if (!header.startsWith(SCHEME)) {
    throw new Failure(401, "Authorization header must start with 'Bearer '", CHALLENGE);
  }
  let caller: Caller;
  try {
    caller = await tokens.verify(header.slice(SCHEME.length));
  } catch (cause) {
    if (!(cause instanceof AuthError)) throw cause;
    const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' };
    throw new Failure(401, `Invalid or expired token: ${cause.message}`, challenge, { cause });
  }
  if (!caller.scopes.has(scope)) {
    const challenge = { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` };
    throw new Failure(403, `the token is not good for ${scope}; ask for one that is`, challenge);
  }
  return caller;
}
