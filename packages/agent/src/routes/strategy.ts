// SPDX-License-Identifier: Apache-2.0
import {
  NODE_API_PATHS,
  PlainAnswerSchema,
  ProblemSchema,
  type StrategyAnswer,
  StrategyAnswerSchema,
} from '@gthulhu/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Failure } from '../http/failure.ts';
import { type Answer, type Route, succeeded } from '../http/route.ts';
import { InputError } from '../strategies/input-error.ts';
import { readStrategy, StrategyInputSchema } from '../strategies/read-strategies.ts';
import { type StrategyRecord, toStored } from '../strategies/record.ts';
import { etagOf } from '../strategies/strategy-book.ts';
import { strategyWarnings } from '../strategies/warnings.ts';
import { checkRegexes, type StrategyDoors } from './strategies.ts';

const problem = (description: string): Answer => ({
  description,
  schema: ProblemSchema,
  contentType: 'application/problem+json',
});
const NOT_FOUND = problem('There is no strategy of that id');
const CONFLICT = problem('It was changed since the version that If-Match names, or it is of the cluster');

const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;

/** One strategy by its id. Errors are problem details. */
export function strategyRoutes({ book, matching }: Pick<StrategyDoors, 'book' | 'matching'>): Route[] {
  const found = (id: string): StrategyRecord => {
    const record = book.find(id);
    if (record === undefined) throw new Failure(404, `there is no strategy ${id}; list them to see what there is`);
    return record;
  };
  const answer = (record: StrategyRecord, message: string, reply: FastifyReply): StrategyAnswer => {
    reply.header('etag', etagOf(record));
    return { ...succeeded(message), data: toStored(record) };
  };
  /** The one that the caller has seen, or any where they do not say. */
  const expected = (request: FastifyRequest): StrategyRecord => {
    const record = found(idOf(request));
    const wished = request.headers['if-match'];
    if (wished !== undefined && wished !== '*' && !wished.split(/\s*,\s*/).includes(etagOf(record))) {
      throw new Failure(409, `strategy ${record.id} was changed meanwhile; read it again, and then decide`);
    }
    return record;
  };

  return [
    {
      spec: {
        method: 'POST',
        path: NODE_API_PATHS.newStrategy,
        summary: 'Adds one strategy to those that are stored; durable when it is answered',
        scope: 'strategies:write',
        problems: true,
        body: StrategyInputSchema,
        answers: { 201: { description: 'It is stored; Location says where', schema: StrategyAnswerSchema } },
      },
      handle: async (request, reply) => {
        const given = readStrategy(request.body);
        if (given.id !== undefined)
          throw new InputError('id is given, and the server makes it; leave it out, or PUT the strategy that has it');
        await checkRegexes(book, [given]);
        const record = book.add(given.strategy);
        reply.code(201).header('location', NODE_API_PATHS.strategy.replace('{id}', record.id));
        const warnings = strategyWarnings([record.strategy], matching.available);
        return {
          ...answer(record, 'Scheduling strategy added successfully', reply),
          ...(warnings.length > 0 && { warnings }),
        };
      },
    },
    {
      spec: {
        method: 'GET',
        path: NODE_API_PATHS.strategy,
        summary: 'One strategy',
        scope: 'strategies:read',
        problems: true,
        answers: {
          200: { description: 'The strategy, and its ETag', schema: StrategyAnswerSchema },
          304: { description: 'It is still the one that If-None-Match names' },
          404: NOT_FOUND,
        },
      },
      handle: (request, reply) => {
        const record = found(idOf(request));
        if (request.headers['if-none-match'] === etagOf(record))
          return reply.code(304).header('etag', etagOf(record)).send();
        return answer(record, 'Scheduling strategy retrieved successfully', reply);
      },
    },
    {
      spec: {
        method: 'PUT',
        path: NODE_API_PATHS.strategy,
        summary: 'Changes one strategy as a whole',
        scope: 'strategies:write',
        problems: true,
        body: StrategyInputSchema,
        answers: {
          200: { description: 'It is stored', schema: StrategyAnswerSchema },
          404: NOT_FOUND,
          409: CONFLICT,
        },
      },
      handle: async (request, reply) => {
        const id = idOf(request);
        const given = readStrategy(request.body);
        if (given.id !== undefined && given.id !== id) throw new InputError(`id is ${given.id}, the path says ${id}`);
        await checkRegexes(book, [given]);
        // Looked at after the last wait: nothing changes between this and the change.
        expected(request);
        const record = book.change(id, given.strategy);
        if (record === null) throw new Failure(404, `there is no strategy ${id}; list them to see what there is`);
        const warnings = strategyWarnings([record.strategy], matching.available);
        return {
          ...answer(record, 'Scheduling strategy saved successfully', reply),
          ...(warnings.length > 0 && { warnings }),
        };
      },
    },
    {
      spec: {
        method: 'DELETE',
        path: NODE_API_PATHS.strategy,
        summary: 'Removes one strategy',
        scope: 'strategies:write',
        problems: true,
        answers: {
          200: { description: 'It is gone', schema: PlainAnswerSchema },
          404: NOT_FOUND,
          409: CONFLICT,
        },
      },
      handle: (request) => {
        book.remove(expected(request).id);
        return succeeded('Scheduling strategy removed');
      },
    },
  ];
}
