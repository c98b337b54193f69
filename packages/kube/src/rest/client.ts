// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Access } from '../access/access.ts';
import { KubeError } from '../kube-error.ts';
import { statusError } from './status-error.ts';
import { createTransport, type Transport } from './transport.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface GetOptions {
  readonly query?: Query;
  readonly signal?: AbortSignal;
  /** An answer with more is given up. */
  readonly maxBytes?: number;
}

/** Requests to one API server. All methods throw KubeError. */
export interface Client {
  readonly server: string;
  readonly namespace: string;
  /** The answer's JSON. */
  getJson(path: string, options?: GetOptions): Promise<unknown>;
  /** The answer as it comes; the caller reads or destroys it. */
  open(path: string, options?: GetOptions): Promise<IncomingMessage>;
  close(): void;
}

export interface ClientOptions {
  /** `User-Agent`: `gthulhu-agent/0.1.0`. */
  readonly userAgent: string;
  /** Until the answer begins. */
  readonly headersMs?: number;
  /** Until it has come to its end, for getJson. */
  readonly wholeMs?: number;
}

const MAX_BYTES = 8 * 1_048_576;
const HEADERS_MS = 30_000;
const WHOLE_MS = 60_000;
/** Of an answer that says what went wrong, this much is read. */
const ERROR_BYTES = 65_536;

function withQuery(path: string, query: Query = {}): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) said.append(name, String(value));
  return said.size === 0 ? path : `${path}?${said}`;
}

/** All bytes of an answer. */
async function body(answer: IncomingMessage, maxBytes: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      answer.destroy();
      throw new KubeError('ERR_KUBE_TOO_LARGE', `${what}: the answer has more than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** A time limit and the caller's wish to stop, in one signal. */
function limited(signal: AbortSignal | undefined, ms: number): AbortSignal {
  const limit = AbortSignal.timeout(ms);
  return signal === undefined ? limit : AbortSignal.any([signal, limit]);
}

function explain(error: unknown, what: string, server: string, limit: AbortSignal): unknown {
  if (error instanceof KubeError) return error;
  if (limit.aborted) {
    const late = (limit.reason as Error | undefined)?.name === 'TimeoutError';
    return late
      ? new KubeError('ERR_KUBE_TIMEOUT', `${what}: ${server} did not answer in time`, { cause: error })
      : new KubeError('ERR_KUBE_CLOSED', `${what}: given up because the client was closed`, { cause: error });
  }
  const { code, message } = error as NodeJS.ErrnoException;
  const why = message || code || 'the connection broke';
  return new KubeError('ERR_KUBE_CONNECTION', `${what}: ${server} can't be reached: ${why}`, { cause: error });
}

export function createClient(access: Access, options: ClientOptions): Client {
  const { userAgent, headersMs = HEADERS_MS, wholeMs = WHOLE_MS } = options;
  const { server, namespace } = access;
  const closing = new AbortController();
  const transport: Transport = createTransport(access, userAgent);

  const stopped = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);

  /** One try; a refusal of the credentials makes the next try use new ones. */
  const attempt = async (path: string, signal: AbortSignal): Promise<IncomingMessage> => {
    const credentials = await access.credentials();
    const answer = await transport.send(path, credentials, signal);
    if (answer.statusCode === 401) access.refuse(credentials);
    return answer;
  };

  const open = async (path: string, signal: AbortSignal, what: string): Promise<IncomingMessage> => {
    // The limit is for the beginning only: from then on whoever reads decides.
    const limit = limited(signal, headersMs);
    const begin = new AbortController();
    const give = (): void => begin.abort(limit.reason);
    limit.addEventListener('abort', give);
    try {
      let answer = await attempt(path, begin.signal);
      if (answer.statusCode === 401) {
        answer.destroy();
        answer = await attempt(path, begin.signal);
      }
      if (answer.statusCode !== 200) {
        const words = await body(answer, ERROR_BYTES, what).catch(() => Buffer.alloc(0));
        throw statusError(what, answer.statusCode ?? 0, answer.headers, words);
      }
      const end = (): unknown => answer.destroy(signal.reason as Error);
      if (signal.aborted) end();
      signal.addEventListener('abort', end, { once: true });
      answer.once('close', () => signal.removeEventListener('abort', end));
      return answer;
    } catch (error) {
      throw explain(error, what, server, limit);
    } finally {
      limit.removeEventListener('abort', give);
    }
  };

  return {
    server,
    namespace,
    open: (path, { query, signal } = {}) => open(withQuery(path, query), stopped(signal), path),
    async getJson(path, { query, signal, maxBytes = MAX_BYTES } = {}) {
      const limit = limited(stopped(signal), wholeMs);
      const answer = await open(withQuery(path, query), limit, path);
      try {
        const bytes = await body(answer, maxBytes, path);
        if (!answer.complete)
          throw new KubeError('ERR_KUBE_CONNECTION', `${path}: ${server} ended in the middle of its answer`);
        return JSON.parse(bytes.toString('utf8')) as unknown;
      } catch (error) {
        if (error instanceof SyntaxError)
          throw new KubeError('ERR_KUBE_ANSWER', `${path}: the answer of ${server} is no JSON; is it an API server?`, {
            cause: error,
          });
        throw explain(error, path, server, limit);
      }
    },
    close() {
      closing.abort();
      transport.close();
    },
  };
}
