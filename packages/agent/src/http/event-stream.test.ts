// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { policiesRoute } from '../routes/policies.ts';
import { StrategyBook } from '../strategies/strategy-book.ts';
import { matchingOf } from '../workloads/provider.fixture.ts';
import { openEventStream } from './event-stream.ts';

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** The answer of a server that does one thing with each request; not read yet. */
async function answerOf(handle: (response: ServerResponse) => void): Promise<IncomingMessage> {
  server = createServer((_, response) => handle(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => request({ port, host: '127.0.0.1' }, resolve).on('error', reject).end());
}
async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += chunk;
  return text;
}

test('a reader who is behind gets the newest state, and not all those between', async () => {
  const data = 'x'.repeat(1_000_000);
  let closed = 0;
  let send = (): void => {};
  const answer = await answerOf((response) => {
    const stream = openEventStream(response, () => closed++);
    send = () => {
      for (let i = 0; i < 200; i++) stream.send({ event: 'e', id: `${i}`, data: () => data });
      response.on('drain', () => setTimeout(() => stream.end(), 50));
    };
    send();
  });
  const ids = [...(await textOf(answer)).matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
  expect(ids[0]).toBe(0);
  expect(ids.at(-1)).toBe(199);
  expect(ids.length).toBeLessThan(20);
  expect(closed).toBe(1);
});

test('a stream ends with the token that it was asked for with', async () => {
  const book = new StrategyBook({ load: () => [], apply: () => {} }, matchingOf(null));
  const streams = policiesRoute(book);
  const answer = await answerOf((raw) => {
    const caller = { expires: Date.now() / 1_000 + 0.1 };
    const asked = { query: { watch: '1' }, headers: {}, caller } as unknown as FastifyRequest;
    streams.route.handle(asked, { hijack: () => {}, raw } as unknown as FastifyReply);
  });
  expect(streams.count()).toBe(1);
  expect(await textOf(answer)).toMatch(/^event: policies\nid: \w+\ndata: \{.*\}\n\n$/);
  expect(streams.count()).toBe(0);
});
