// SPDX-License-Identifier: Apache-2.0

export interface Token {
  readonly text: string;
  /** How long it is good, from when it was handed out. */
  readonly lifeSeconds: number;
}

/** Where nothing says how long a token lives. */
const UNKNOWN_LIFE_SECONDS = 3_600;
const LONGEST_SECONDS = 24 * 3_600;
const TOKEN_MAX_BYTES = 8_192;

const object = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

function claims(token: string): Readonly<Record<string, unknown>> {
  try {
    return object(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')));
  } catch {
    return {};
  }
}

/**
 * By two times of the server, whose difference is right whatever our clock says: the token's own `iat` and `exp`, else
 * `expired_at` and the time of the answer.
 */
function lifeSeconds(token: string, answer: Readonly<Record<string, unknown>>): number {
  const { iat, exp } = claims(token);
  if (typeof iat === 'number' && typeof exp === 'number' && exp > iat) return exp - iat;
  const until = object(answer.data).expired_at;
  const from = Date.parse(String(answer.timestamp)) / 1000;
  if (typeof until === 'number' && until > from) return until - from;
  return UNKNOWN_LIFE_SECONDS;
}

/** The token of an answer of any generation: at top level, or under `data`. Null when there is none. */
export function readToken(body: unknown): Token | null {
  const answer = object(body);
  const text = [answer.token, object(answer.data).token].find((token) => typeof token === 'string' && token !== '');
  // A token goes into a header: nothing but what a token can consist of may get there.
  if (typeof text !== 'string' || text.length > TOKEN_MAX_BYTES || !/^[\w.~+/=-]+$/.test(text)) return null;
  return { text, lifeSeconds: Math.min(LONGEST_SECONDS, lifeSeconds(text, answer)) };
}
