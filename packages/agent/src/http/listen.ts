// SPDX-License-Identifier: Apache-2.0
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { AgentError } from '../agent-error.ts';
import { type ListenAddress, urlOf } from './listen-address.ts';

/** A whole request has to arrive within it, its headers sooner: whoever sends a byte now and then is let go. */
const REQUEST_MS = 15_000;
const HEADERS_MS = 10_000;
/** How often those who are late are looked for. */
const CHECK_MS = 1_000;
/** Longer than clients keep idle connections, so that it is not closed under a request. */
const KEEP_ALIVE_MS = 65_000;
/** Nobody reads and nobody writes. A stream of events says something every 10 s. */
const STALLED_MS = 60_000;
/** Of each listener. */
const MAX_CONNECTIONS = 4_096;
/** Requests that are being answered when the agent ends. */
const GRACE_MS = 3_000;

export interface Listener {
  /** For people: `unix:/path`, `http://127.0.0.1:8080`. */
  readonly name: string;
  /** Ends quietly: no new connections, then those that are open, at the latest after a few seconds. */
  close(): Promise<void>;
}

function newServer(handler: RequestListener): Server {
  const server = createServer(
    {
      requestTimeout: REQUEST_MS,
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: 16_384,
    },
    handler,
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(STALLED_MS);
  return server;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** @throws the system's error */
const bind = (server: Server, where: string | { host: string; port: number }): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    const done = (): void => {
      server.off('error', reject);
      resolve();
    };
    if (typeof where === 'string') server.listen(where, done);
    else server.listen(where, done);
  });

/** @throws AgentError when it is taken, or is no address of this machine */
export async function listenTcp(handler: RequestListener, { host, port }: ListenAddress): Promise<Listener> {
  const server = newServer(handler);
  try {
    await bind(server, { host, port });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why: Record<string, string> = {
      EADDRINUSE: 'is taken by another program; stop it, or set agent.listen to another port',
      EADDRNOTAVAIL: 'is no address of this machine; set agent.listen to one that is',
      EACCES: 'may not be listened on by this user; set agent.listen to a port above 1023',
    };
    throw new AgentError(`${urlOf(host, port)} ${why[code ?? ''] ?? `cannot be listened on: ${message}`}`, { cause });
  }
  return { name: urlOf(host, (server.address() as AddressInfo).port), close: () => close(server) };
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/**
 * Listens on a unix socket that only this user reaches. One that a dead process left is replaced.
 * @throws AgentError when a process answers there
 */
export async function listenUnix(handler: RequestListener, path: string): Promise<Listener> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
    if (await answers(path)) throw new AgentError(`another gthulhu agent answers on ${path}; stop it first`);
    unlinkSync(path);
  }
  const server = newServer(handler);
  // From the first moment, not only after the chmod.
  const before = process.umask(0o177);
  try {
    await bind(server, path);
  } catch (cause) {
    throw new AgentError(`${path} cannot be listened on: ${(cause as Error).message}`, { cause });
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
  return { name: `unix:${path}`, close: () => close(server) };
}
