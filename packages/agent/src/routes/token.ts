// SPDX-License-Identifier: Apache-2.0
import {
  AssertionRequestSchema,
  NODE_API_PATHS,
  PublicKeyRequestSchema,
  SCOPES,
  type Scope,
  type TokenAnswer,
  TokenAnswerSchema,
} from '@gthulhu/contracts';
import { Type } from 'typebox';
import { AuthError } from '../auth/auth-error.ts';
import { CLIENT_ID } from '../auth/client-keys.ts';
import { isScope, type Tokens } from '../auth/tokens.ts';
import { checkBody } from '../http/check-body.ts';
import { Failure } from '../http/failure.ts';
import { type Route, type RouteSpec, succeeded } from '../http/route.ts';
import { InputError } from '../strategies/input-error.ts';

export interface TokenDoors {
  readonly tokens: Tokens;
  /** Who signed it. @throws AuthError */
  readonly verifyAssertion: (assertion: string) => Promise<string>;
  /** Whether it is the server's own public key. @throws AuthError. Null unless `auth.legacyPublicKey` */
  readonly checkShownKey: ((pem: string) => void) | null;
}

const RequestSchema = Type.Union([AssertionRequestSchema, PublicKeyRequestSchema]);

const spec: RouteSpec = {
  method: 'POST',
  path: NODE_API_PATHS.token,
  summary: 'A token, for an assertion that a registered client signed (RFC 7523)',
  scope: null,
  body: RequestSchema,
  answers: {
    200: { description: 'The token, where clients of each generation look for it', schema: TokenAnswerSchema },
    401: {
      description: 'Who asks is not known',
      schema: Type.Object({ success: Type.Literal(false), error: Type.String() }),
    },
  },
};

function scopesOf(text: string | undefined): readonly Scope[] {
  if (text === undefined || text === '') return SCOPES;
  return text.split(' ').map((scope) => {
    if (isScope(scope)) return scope;
    throw new InputError(`scope: there is no ${JSON.stringify(scope)}; there are ${SCOPES.join(', ')}`);
  });
}

/** Runs one of the two proofs and turns its refusal into an answer. */
async function proven<T>(what: string, prove: () => T | Promise<T>): Promise<T> {
  try {
    return await prove();
  } catch (cause) {
    if (!(cause instanceof AuthError)) throw cause;
    throw new Failure(401, `${what}: ${cause.message}`, {}, { cause });
  }
}

export function tokenRoutes({ tokens, verifyAssertion, checkShownKey }: TokenDoors): Route[] {
  async function clientOf(body: unknown): Promise<{ clientId: string; scopes: readonly Scope[] }> {
    if (typeof body === 'object' && body !== null && 'public_key' in body) {
      const { public_key, client_id = '' } = checkBody(PublicKeyRequestSchema, body);
      await proven('Public key verification failed', () => {
        if (checkShownKey === null) {
          throw new AuthError('this server takes signed assertions only; register a key, or set auth.legacyPublicKey');
        }
        checkShownKey(public_key);
      });
      return {
        clientId: CLIENT_ID.test(client_id) ? client_id : `client_${Math.floor(Date.now() / 1_000)}`,
        scopes: SCOPES,
      };
    }
    const { assertion, scope } = checkBody(AssertionRequestSchema, body);
    const scopes = scopesOf(scope);
    return { clientId: await proven('Client assertion was refused', () => verifyAssertion(assertion)), scopes };
  }

  return [
    {
      spec,
      handle: async (request): Promise<TokenAnswer> => {
        const { clientId, scopes } = await clientOf(request.body);
        const { token, expires } = await tokens.issue(clientId, scopes);
        return { ...succeeded('Token generated successfully'), token, data: { token, expired_at: expires } };
      },
    },
  ];
}
