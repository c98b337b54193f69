// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { SCHEDULER_API_PATHS, type TaskExplanation } from '@gthulhu/contracts';

export interface ExplainServerOptions {
  /** Of the socket. Nobody but its owner may use it. */
  readonly path: string;
  /** Null where there is no such task. */
  readonly explain: (pid: number) => TaskExplanation | null;
  readonly onError: (error: Error) => void;
}

export interface ExplainServer {
  /** Resolves when it listens, or has failed to. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/** PID_MAX_LIMIT of the kernel. */
const PID_MAX = 4_194_304;
const REQUEST_LIMIT_MS = 5_000;
const MAX_CONNECTIONS = 64;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const problem = (status: number, title: string, detail: string): Answer => ({
  status,
  body: { type: 'about:blank', title, status, detail },
});

/** The answer to one request. Pure but for `explain`. */
export function answerOf(
  method: string | undefined,
  url: string | undefined,
  explain: ExplainServerOptions['explain'],
): Answer {
  const { pathname, searchParams } = new URL(url ?? '/', 'http://scheduler');
  if (pathname !== SCHEDULER_API_PATHS.explain)
    return problem(404, 'Not Found', `there is nothing at ${pathname}; ask for ${SCHEDULER_API_PATHS.explain}?pid=1`);
  if (method !== 'GET') return problem(405, 'Method Not Allowed', 'only GET is answered here');
  const text = searchParams.get('pid') ?? '';
  const pid = Number(text);
  if (!/^[1-9]\d{0,6}$/.test(text) || pid > PID_MAX)
    return problem(400, 'Bad Request', `pid must be a number from 1 to ${PID_MAX}`);
  const found = explain(pid);
  return found === null
    ? problem(404, 'Not Found', `there is no task ${pid}, or none that this scheduler knows`)
    : { status: 200, body: found };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Tells what the kernel has in force for a task, over a unix socket. A file that an earlier process left is replaced. */
export function startExplainServer({ path, explain, onError }: ExplainServerOptions): ExplainServer {
  const server = createServer((request: IncomingMessage, response) => {
    request.resume();
    try {
      send(response, answerOf(request.method, request.url, explain));
    } catch (error) {
      send(response, problem(500, 'Internal Server Error', error instanceof Error ? error.message : String(error)));
    }
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.requestTimeout = server.headersTimeout = REQUEST_LIMIT_MS;
  let listening = false;
  const ready = new Promise<void>((resolve) => {
    server.on('error', (error) => {
      onError(error);
      resolve();
    });
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      rmSync(path, { force: true });
      // The file appears with this mode: nobody is to be faster than a chmod.
      const before = process.umask(0o177);
      try {
        server.listen(path, () => {
          listening = true;
          chmodSync(path, 0o600);
          resolve();
        });
      } finally {
        process.umask(before);
      }
    } catch (error) {
      onError(error as Error);
      resolve();
    }
  });
  return {
    ready,
    async stop() {
      await ready;
      if (!listening) return;
      listening = false;
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
