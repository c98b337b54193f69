// SPDX-License-Identifier: Apache-2.0
import { Agent, request } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

// biome-ignore lint/suspicious/noExplicitAny: objects of the cluster, of all kinds
export type KubeObject = any;

/** The test's own way to the cluster: allowed everything, retries nothing, knows no watch. */
export interface Admin {
  raw(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** @throws Error with the server's words for any status but 2xx */
  get(path: string): Promise<KubeObject>;
  create(path: string, object: unknown): Promise<KubeObject>;
  replace(path: string, object: unknown): Promise<KubeObject>;
  /** A merge patch. */
  patch(path: string, change: unknown): Promise<KubeObject>;
  remove(path: string, options?: unknown): Promise<void>;
  close(): void;
}

export interface Keys {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export function connectAdmin(server: string, keys: Keys): Admin {
  const agent = new Agent({ ...keys, keepAlive: true, maxSockets: 8 });
  const raw: Admin['raw'] = (method, path, body, contentType = 'application/json') =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers =
        text === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(text) };
      const sent = request(`${server}${path}`, { method, agent, headers }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      });
      sent.on('error', reject);
      sent.end(text);
    });
  const done = async (method: string, path: string, body?: unknown, contentType?: string): Promise<KubeObject> => {
    const answer = await raw(method, path, body, contentType);
    if (answer.status < 200 || answer.status > 299)
      throw new Error(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 500)}`);
    return JSON.parse(answer.body);
  };
  return {
    raw,
    get: (path) => done('GET', path),
    create: (path, object) => done('POST', path, object),
    replace: (path, object) => done('PUT', path, object),
    patch: (path, change) => done('PATCH', path, change, 'application/merge-patch+json'),
    remove: (path, options) => done('DELETE', path, options),
    close: () => agent.destroy(),
  };
}
