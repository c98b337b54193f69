// SPDX-License-Identifier: Apache-2.0
import { AnswerError, serverWords } from './json-answer.ts';
import type { TokenSource } from './token-source.ts';
import type { Answer, OpenAnswer, Request, Transport } from './transport.ts';

/** Requests with a token. */
export interface NodeClient {
  /** Any answer but 401, which is tried once more with a new token. @throws TransportError, TokenError */
  request(request: Request): Promise<Answer>;
  /** The same, for a body that is read as it comes. */
  open(request: Request): Promise<OpenAnswer>;
}

/** @param tokens null where requests carry none */
export function createNodeClient(transport: Transport, tokens: TokenSource | null): NodeClient {
  async function withToken<T extends { status: number }>(
    request: Request,
    send: (request: Request) => Promise<T>,
    drop: (answer: T) => void,
  ): Promise<T> {
    if (tokens === null) return send(request);
    const sendWith = (token: string): Promise<T> =>
      send({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });
    const token = await tokens.get();
    const answer = await sendWith(token);
    if (answer.status !== 401) return answer;
    // The server was restarted with new keys, or thinks that time has passed: once more, and no more.
    tokens.forget(token);
    drop(answer);
    return sendWith(await tokens.get());
  }
  return {
    request: (request) =>
      withToken(
        request,
        (r) => transport.request(r),
        () => {},
      ),
    open: (request) =>
      withToken(
        request,
        (r) => transport.open(r),
        (answer) => answer.close(),
      ),
  };
}

/** @throws AnswerError for any other status */
export function expectStatus(answer: Answer, ...statuses: readonly number[]): void {
  if (statuses.includes(answer.status)) return;
  throw new AnswerError(`server returned status ${answer.status}${serverWords(answer)}`, answer.status);
}
