// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { JWT_BEARER_GRANT, NODE_API_PATHS, type Scope } from '@gthulhu/contracts';
import { makeAssertion } from './assertion.ts';
import { parseJson, serverWords } from './json-answer.ts';
import { readToken } from './token-answer.ts';
import type { Answer, Transport } from './transport.ts';

/** How a client shows who it is. */
export type Credentials =
  /** By a key that is registered with the API. */
  | { readonly by: 'key'; readonly clientId: string; readonly key: KeyObject; readonly scopes?: readonly Scope[] }
  /** As clients of 2025 did: whoever knows the server's public key. */
  | { readonly by: 'publicKey'; readonly pem: string };

/** No token was to be had. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  /** The API said no, as opposed to: it could not be asked. */
  readonly refused: boolean;

  constructor(message: string, refused: boolean, options?: ErrorOptions) {
    super(`failed to obtain JWT token: ${message}`, options);
    this.refused = refused;
  }
}

export interface TokenSource {
  /** A token that is good for now. @throws TokenError */
  get(): Promise<string>;
  /** That one was refused: get() asks for another. */
  forget(token: string): void;
}

/** A token is renewed after this part of its life. */
const RENEWED_AFTER = 0.8;
/** Clocks that differ by less are the same: the `Date` of an answer has no parts of seconds, and answers take time. */
const SAME_CLOCK_SECONDS = 5;

export interface TokenSourceOptions {
  readonly transport: Transport;
  readonly credentials: Credentials;
  /** Our clock and the API's differ by so many seconds, so its time is used. */
  readonly onClockDiffers?: (seconds: number) => void;
  readonly nowSeconds?: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonicMs?: () => number;
}

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { transport, credentials, onClockDiffers = () => {} } = options;
  const { nowSeconds = () => Date.now() / 1000, monotonicMs = () => performance.now() } = options;
  let current: { readonly text: string; readonly renewAtMs: number } | null = null;
  let asking: Promise<string> | null = null;
  /** What has to be added to our clock to have the API's. */
  let aheadSeconds = 0;

  function body(): object {
    if (credentials.by === 'publicKey') return { public_key: credentials.pem };
    const { clientId, key, scopes } = credentials;
    return {
      grant_type: JWT_BEARER_GRANT,
      assertion: makeAssertion(clientId, key, nowSeconds() + aheadSeconds),
      ...(scopes === undefined ? {} : { scope: scopes.join(' ') }),
    };
  }

  /** True when the answer shows that the clocks differ, which has been made good then. */
  function adjustClock({ headers }: Answer): boolean {
    const theirs = Date.parse(headers.date ?? '') / 1000;
    if (Number.isNaN(theirs) || credentials.by !== 'key') return false;
    const ahead = theirs - nowSeconds();
    if (Math.abs(ahead - aheadSeconds) < SAME_CLOCK_SECONDS) return false;
    aheadSeconds = Math.round(ahead);
    onClockDiffers(aheadSeconds);
    return true;
  }

  async function ask(mayRepeat: boolean): Promise<string> {
    let answer: Answer;
    try {
      answer = await transport.request({ method: 'POST', path: NODE_API_PATHS.token, body: body() });
    } catch (cause) {
      throw new TokenError(`failed to send token request: ${(cause as Error).message}`, false, { cause });
    }
    if (answer.status !== 200) {
      const refused = answer.status === 400 || answer.status === 401 || answer.status === 403;
      if (mayRepeat && refused && adjustClock(answer)) return ask(false);
      throw new TokenError(`token request failed with status ${answer.status}${serverWords(answer)}`, refused);
    }
    const token = readToken(parseJson(answer));
    if (token === null) throw new TokenError('the answer to the token request holds no token', false);
    current = { text: token.text, renewAtMs: monotonicMs() + token.lifeSeconds * 1000 * RENEWED_AFTER };
    return token.text;
  }

  return {
    async get() {
      if (current !== null && monotonicMs() < current.renewAtMs) return current.text;
      // Whoever wants a token meanwhile gets the same one.
      asking ??= ask(true).finally(() => {
        asking = null;
      });
      return asking;
    },
    forget(token) {
      if (current?.text === token) current = null;
    },
  };
}
