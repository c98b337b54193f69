// SPDX-License-Identifier: Apache-2.0
import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest, Agent as TlsAgent } from 'node:https';
import type { Endpoint } from './endpoint.ts';
import { connectionFailure, endsOf, hostPort, NOT_CONNECTED } from './failure.ts';

/** The most that one answer or one event may have, bytes. */
export const ANSWER_MAX_BYTES = 16 * 1_024 * 1_024;
/** A request with its answer, and connecting alone. */
const REQUEST_LIMIT_MS = 30_000;
const CONNECT_LIMIT_MS = 10_000;

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From the root of the API. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Becomes JSON. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** An answer whose body is read as it comes. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly message: IncomingMessage;
  /** What an error of the body means, in words. */
  explain(error: Error): string;
  close(): void;
}

/** No answer came: `Post "http://...": dial tcp ...`. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}

export interface TlsKeys {
  /** PEM text; empty for none. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface Limits {
  readonly requestMs: number;
  readonly connectMs: number;
}

export interface Transport {
  readonly endpoint: Endpoint;
  /** The whole answer. @throws TransportError */
  request(request: Request): Promise<Answer>;
  /** Until the head of the answer. @throws TransportError */
  open(request: Request): Promise<OpenAnswer>;
  /** Ends what is under way. */
  close(): void;
}

const named = ({ method }: Request): string => method.slice(0, 1) + method.slice(1).toLowerCase();

/**
 * Connections of its own, one for each request: none is left behind half open, and variables that name a proxy are not
 * looked at. Redirects are not followed.
 */
export function createTransport(
  endpoint: Endpoint,
  tls: TlsKeys = { cert: '', key: '', ca: '' },
  limits: Limits = { requestMs: REQUEST_LIMIT_MS, connectMs: CONNECT_LIMIT_MS },
): Transport {
  const keys = {
    ...(tls.cert === '' ? {} : { cert: tls.cert, key: tls.key }),
    ...(tls.ca === '' ? {} : { ca: tls.ca }),
    minVersion: 'TLSv1.2',
  } as const;
  const agent = endpoint.tls ? new TlsAgent({ ...keys, keepAlive: false }) : new Agent({ keepAlive: false });
  const alive = new Set<ClientRequest>();
  let closed = false;

  function open(request: Request): Promise<OpenAnswer> {
    const { method, path, headers = {}, body } = request;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const options: RequestOptions = {
      agent,
      method,
      path: endpoint.prefix + path,
      headers: {
        accept: 'application/json',
        ...headers,
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
      },
      ...(endpoint.socketPath === null
        ? { host: endpoint.host, port: endpoint.port }
        : { socketPath: endpoint.socketPath }),
    };
    const sentence = (reason: string): TransportError =>
      new TransportError(`${named(request)} "${endpoint.base}${path}": ${reason}`);
    if (closed) return Promise.reject(sentence('context canceled'));
    return new Promise((resolve, reject) => {
      const outgoing = (endpoint.tls ? httpsRequest : httpRequest)(options);
      alive.add(outgoing);
      outgoing.once('close', () => alive.delete(outgoing));
      let why: string | null = null;
      let ends = NOT_CONNECTED;
      const giveUp = (reason: string): void => {
        why ??= reason;
        outgoing.destroy(new Error(reason));
      };
      const connecting = setTimeout(() => {
        const target =
          endpoint.socketPath === null
            ? `tcp ${hostPort(endpoint.host, endpoint.port)}`
            : `unix ${endpoint.socketPath}`;
        giveUp(`dial ${target}: i/o timeout`);
      }, limits.connectMs);
      const waiting = setTimeout(
        () => giveUp('context deadline exceeded (Client.Timeout exceeded while awaiting headers)'),
        limits.requestMs,
      );
      const settle = (): void => {
        clearTimeout(connecting);
        clearTimeout(waiting);
      };
      outgoing.on('socket', (socket) => {
        // A broken socket no longer knows them.
        socket.once('connect', () => {
          ends = endsOf(socket);
        });
        socket.once(endpoint.tls ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
      });
      outgoing.on('error', (error) => {
        settle();
        reject(sentence(why ?? connectionFailure(error, ends)));
      });
      outgoing.on('response', (message) => {
        settle();
        resolve({
          status: message.statusCode ?? 0,
          headers: message.headers,
          message,
          explain: (error) =>
            sentence('code' in error && error.code === 'ECONNRESET' ? 'unexpected EOF' : connectionFailure(error, ends))
              .message,
          close: () => void message.destroy(),
        });
      });
      outgoing.end(text);
    });
  }

  async function request(wanted: Request): Promise<Answer> {
    const start = performance.now();
    const answer = await open(wanted);
    const left = Math.max(1, limits.requestMs - (performance.now() - start));
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        clearTimeout(timer);
        answer.close();
        reject(new TransportError(reason));
      };
      const where = `${named(wanted)} "${endpoint.base}${wanted.path}"`;
      const timer = setTimeout(
        () => fail(`${where}: context deadline exceeded (Client.Timeout or context cancellation while reading body)`),
        left,
      );
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.message.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > ANSWER_MAX_BYTES) fail(`${where}: the answer has more than ${ANSWER_MAX_BYTES} bytes`);
        else chunks.push(chunk);
      });
      answer.message.on('error', (error) => fail(answer.explain(error)));
      answer.message.on('end', () => {
        clearTimeout(timer);
        resolve({ status: answer.status, headers: answer.headers, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
  }

  return {
    endpoint,
    request,
    open,
    close() {
      closed = true;
      for (const outgoing of alive) outgoing.destroy(new Error('context canceled'));
    },
  };
}
