// SPDX-License-Identifier: Apache-2.0
/** Clients of the node API: as many requests a second as asked for, or each client the next when it has its answer. */
import { Agent as Connections, request } from 'node:http';

export interface Target {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Ask {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

export interface Load {
  /** Answers a second. */
  readonly rate: number;
  /** ms from when a request was due to its whole answer */
  readonly latenciesMs: number[];
}

/** @throws Error for any answer but 200 */
export function send({ port, headers }: Target, { method, path, body }: Ask, agent: Connections): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const call = request(
      { host: '127.0.0.1', port, path, method, agent, headers: { ...headers, ...length } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer
          .on('data', (chunk) => chunks.push(chunk))
          .on('end', () => {
            if (answer.statusCode === 200) resolve(Buffer.concat(chunks));
            else reject(new Error(`${method} ${path}: ${answer.statusCode} ${Buffer.concat(chunks)}`));
          });
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

/** Requests at even distances, whatever the answers do: who answers late is seen to. */
export async function atRate(target: Target, ask: Ask, aSecond: number, seconds: number): Promise<Load> {
  const agent = new Connections({ keepAlive: true, maxSockets: 64 });
  const latenciesMs: number[] = [];
  const under: Promise<unknown>[] = [];
  const start = performance.now();
  for (let sent = 0; sent < aSecond * seconds; ) {
    const due = Math.min(aSecond * seconds, ((performance.now() - start) * aSecond) / 1_000);
    for (; sent < due; sent++) {
      const dueMs = start + (sent * 1_000) / aSecond;
      under.push(send(target, ask, agent).then(() => latenciesMs.push(performance.now() - dueMs)));
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(under);
  const tookMs = performance.now() - start;
  agent.destroy();
  return { rate: (aSecond * seconds * 1_000) / tookMs, latenciesMs };
}

/** Clients at once, each on a connection of its own. */
export async function atOnce(target: Target, ask: Ask, clients: number, each: number): Promise<Load> {
  const latenciesMs: number[] = [];
  const start = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const agent = new Connections({ keepAlive: true, maxSockets: 1 });
      for (let i = 0; i < each; i++) {
        const sent = performance.now();
        await send(target, ask, agent);
        latenciesMs.push(performance.now() - sent);
      }
      agent.destroy();
    }),
  );
  return { rate: (clients * each * 1_000) / (performance.now() - start), latenciesMs };
}
