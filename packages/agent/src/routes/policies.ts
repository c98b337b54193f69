// SPDX-License-Identifier: Apache-2.0
import { NODE_API_PATHS, NodePoliciesSchema } from '@gthulhu/contracts';
import { Type } from 'typebox';
import { openEventStream, type StreamEvent } from '../http/event-stream.ts';
import { Failure } from '../http/failure.ts';
import type { Route } from '../http/route.ts';
import type { Published } from '../strategies/published.ts';
import type { StrategyBook } from '../strategies/strategy-book.ts';

/** Schedulers of one node, and some who look on. */
const MAX_STREAMS = 64;

export interface PolicyStreams {
  readonly route: Route;
  readonly count: () => number;
  /** Ends all of them, for the end of the agent. */
  readonly end: () => void;
}

const RefusalSchema = Type.Object({ success: Type.Literal(false), error: Type.String() });

const whole = (published: Published): StreamEvent => ({
  event: 'policies',
  id: published.policies.revision,
  data: () => published.json,
});

/** Larger changes are told whole. */
const MOST_CHANGED = 1 / 2;

/** What is different from the revision that the reader has, or all of it. */
function toEvent(published: Published, known: string): StreamEvent {
  const { change, policies } = published;
  const isSmall = change !== null && change.put.length + change.removed.length <= policies.rules.length * MOST_CHANGED;
  if (!isSmall || change.from !== known) return whole(published);
  return { event: 'change', id: change.revision, data: () => JSON.stringify(change) };
}

/** What the scheduler of this node has to put in force: once, or as a stream. */
export function policiesRoute(book: StrategyBook): PolicyStreams {
  const ends = new Set<() => void>();
  const route: Route = {
    spec: {
      method: 'GET',
      path: NODE_API_PATHS.policies,
      summary: 'What the scheduler of this node has to put in force; with watch=1 a stream of server-sent events',
      scope: 'strategies:read',
      query: {
        watch: Type.Literal('1', { description: 'Stay, and be told of each change' }),
        changes: Type.Literal('1', { description: 'With watch: after the first event be told what is different only' }),
      },
      answers: {
        200: { description: 'The rules; their revision is the ETag', schema: NodePoliciesSchema },
        304: { description: 'They are still those that If-None-Match names' },
        400: { description: 'watch or changes is none', schema: RefusalSchema },
        503: { description: 'Too many streams', schema: RefusalSchema },
      },
    },
    handle: (request, reply) => {
      const { watch, changes } = request.query as { watch?: string; changes?: string };
      const { published } = book;
      if (watch === undefined || watch === '0') {
        const etag = `"${published.policies.revision}"`;
        reply.header('etag', etag).header('cache-control', 'no-cache');
        if (request.headers['if-none-match'] === etag) return reply.code(304).send();
        return reply.type('application/json; charset=utf-8').send(published.json);
      }
      if (watch !== '1') throw new Failure(400, `watch is ${JSON.stringify(watch)}, must be 1 or left out`);
      if (changes !== undefined && changes !== '1')
        throw new Failure(400, `changes is ${JSON.stringify(changes)}, must be 1 or left out`);
      if (ends.size >= MAX_STREAMS) {
        throw new Failure(503, `${MAX_STREAMS} streams are open; end one, or ask without watch`, {
          'retry-after': '5',
        });
      }
      reply.hijack();
      // A stream is not allowed longer than its token.
      const left = (request.caller?.expires ?? 0) * 1_000 - Date.now();
      const timer = setTimeout(() => stream.end(), Math.max(0, left));
      const stream = openEventStream(reply.raw, () => {
        clearTimeout(timer);
        unsubscribe();
        ends.delete(stream.end);
      });
      let known = published.policies.revision;
      const unsubscribe = book.onChange((next) => {
        stream.send(changes === undefined || stream.behind ? whole(next) : toEvent(next, known));
        known = next.policies.revision;
      });
      ends.add(stream.end);
      stream.send(whole(published));
      return reply;
    },
  };
  return {
    route,
    count: () => ends.size,
    end: () => {
      for (const end of ends) end();
    },
  };
}
