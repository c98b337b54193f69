// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { makeLeaf } from './certificates.ts';
import type { ControlPlane } from './control-plane.ts';

export interface Seen {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly watch: boolean;
  readonly headers: IncomingMessage['headers'];
}

/** What to do with a request instead of passing it on as it is. */
export type Fault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Record<string, string>;
    }
  | { readonly kind: 'cut' }
  /** Passed on with other parameters. */
  | { readonly kind: 'ask'; readonly query: Readonly<Record<string, string>> }
  /** Each line of the answer is another one. */
  | { readonly kind: 'rewrite'; readonly line: (line: string) => string }
  /** The answer comes so many bytes at a time. */
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number };

/** Stands between a client and the real API server, and spoils things. */
export interface FaultProxy {
  readonly url: string;
  /** All requests since the start. */
  readonly seen: readonly Seen[];
  /** Asked about each request; null passes it on. */
  fault: (seen: Seen) => Fault | null;
  /** Breaks all connections with a reset. */
  cut(): void;
  /** From now on nothing passes in either direction, and nobody is told. What comes in is dropped. */
  freeze(): void;
  thaw(): void;
  /** Writes into the answers of all watches under way. */
  inject(text: string): void;
  readonly openConnections: number;
  close(): Promise<void>;
}

const pass = (): Fault | null => null;

async function trickle(from: IncomingMessage, to: ServerResponse, bytes: number, everyMs: number): Promise<void> {
  for await (const chunk of from as AsyncIterable<Buffer>)
    for (let at = 0; at < chunk.length; at += bytes) {
      if (to.destroyed) return;
      to.write(chunk.subarray(at, at + bytes));
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  to.end();
}

function rewrite(from: IncomingMessage, to: ServerResponse, line: (line: string) => string): void {
  let rest = '';
  from.setEncoding('utf8');
  from.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const one of lines) to.write(`${line(one)}\n`);
  });
  from.on('end', () => to.end(line(rest)));
  from.on('error', () => to.destroy());
}

let proxies = 0;

/** @param to the API server, if nothing else is said */
export async function startFaultProxy(plane: ControlPlane, to: string = plane.server): Promise<FaultProxy> {
  const names = 'IP:127.0.0.1,DNS:localhost';
  const name = `fault-proxy-${++proxies}`;
  const pair = makeLeaf(plane.folder, plane.authority, { name, commonName: 'proxy', names });
  const ca = readFileSync(plane.authority.certificate);
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const watches = new Set<ServerResponse>();
  let frozen = false;

  const forward = (incoming: IncomingMessage, answer: ServerResponse, url: URL, fault: Fault | null): void => {
    const onward = request(
      `${to}${url.pathname}${url.search}`,
      { ca, method: incoming.method, headers: incoming.headers, agent: false },
      (from) => {
        const { 'content-length': _length, ...headers } = from.headers;
        answer.writeHead(from.statusCode ?? 502, headers);
        answer.flushHeaders();
        if (url.searchParams.get('watch') === 'true') watches.add(answer);
        if (fault?.kind === 'trickle') {
          trickle(from, answer, fault.bytes, fault.everyMs).catch(() => answer.destroy());
          return;
        }
        if (fault?.kind === 'rewrite') {
          rewrite(from, answer, fault.line);
          return;
        }
        from.on('data', (chunk: Buffer) => frozen || answer.write(chunk));
        from.on('end', () => frozen || answer.end());
        from.on('error', () => frozen || answer.destroy());
      },
    );
    onward.on('error', () => frozen || answer.destroy());
    onward.end();
    answer.on('close', () => {
      watches.delete(answer);
      onward.destroy();
    });
  };

  const proxy: FaultProxy & { url: string } = {
    url: '',
    seen,
    fault: pass,
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    freeze() {
      frozen = true;
    },
    thaw() {
      frozen = false;
    },
    inject(text) {
      for (const watch of watches) watch.write(text);
    },
    get openConnections() {
      return sockets.size;
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
  const server = createServer(
    { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) },
    (incoming, answer) => {
      if (frozen) return;
      const url = new URL(incoming.url ?? '/', 'https://proxy');
      const { pathname: path, searchParams: query } = url;
      const one: Seen = { path, query, watch: query.get('watch') === 'true', headers: incoming.headers };
      seen.push(one);
      const fault = proxy.fault(one);
      if (fault?.kind === 'cut') {
        incoming.socket.destroy();
        return;
      }
      if (fault?.kind === 'answer') {
        answer.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers }).end(fault.body);
        return;
      }
      if (fault?.kind === 'ask')
        for (const [key, value] of Object.entries(fault.query)) url.searchParams.set(key, value);
      forward(incoming, answer, url, fault);
    },
  );
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}
