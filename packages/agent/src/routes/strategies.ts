// SPDX-License-Identifier: Apache-2.0
import {
  type ApiCompat,
  ErrorAnswerSchema,
  NODE_API_PATHS,
  PlainAnswerSchema,
  STRATEGY_LIMITS,
  StrategiesAnswerSchema,
  type StrategiesSaved,
  StrategiesSavedSchema,
} from '@gthulhu/contracts';
import { Failure } from '../http/failure.ts';
import { type Route, succeeded } from '../http/route.ts';
import type { NodeProcess } from '../pods/process-table.ts';
import { InputError } from '../strategies/input-error.ts';
import { type GivenStrategy, readStrategies, StrategiesInputSchema } from '../strategies/read-strategies.ts';
import { regexFaults } from '../strategies/regex-checker.ts';
import type { StrategyBook } from '../strategies/strategy-book.ts';
import { StrategyListing } from '../strategies/strategy-listing.ts';
import { strategyWarnings } from '../strategies/warnings.ts';
import type { NodeMatching } from '../workloads/node-matching.ts';

export interface StrategyDoors {
  readonly book: StrategyBook;
  readonly matching: NodeMatching;
  readonly readProcesses: () => Promise<readonly NodeProcess[]>;
  readonly compat: ApiCompat;
}

/** @throws InputError for the first expression that cannot be used */
export async function checkRegexes(book: StrategyBook, given: readonly GivenStrategy[]): Promise<void> {
  const known = new Set(book.all.map(({ strategy }) => strategy.command_regex ?? ''));
  const regexes = given.map(({ strategy }) => strategy.command_regex ?? '');
  const faults = await regexFaults(regexes, known);
  if (faults === null)
    throw new InputError('the expressions together take too long to compile; use simpler or fewer ones');
  for (const [index, regex] of regexes.entries()) {
    const fault = faults.get(regex);
    if (fault !== undefined) throw new InputError(`strategies[${index}].command_regex ${fault}`);
  }
}

/** The whole list, in the shapes of all generations. */
export function strategiesRoutes({ book, matching, readProcesses, compat }: StrategyDoors): Route[] {
  const listing = new StrategyListing({ book, readProcesses, compat });

  return [
    {
      spec: {
        method: 'GET',
        path: NODE_API_PATHS.strategies,
        summary: 'Strategies as they are stored, those of the cluster, and rows for older schedulers',
        scope: 'strategies:read',
        answers: { 200: { description: 'All of them', schema: StrategiesAnswerSchema } },
      },
      handle: async (_, reply) => {
        const body = await listing.body();
        return reply.type('application/json; charset=utf-8').send(body);
      },
    },
    {
      spec: {
        method: 'POST',
        path: NODE_API_PATHS.strategies,
        summary: 'Replaces all stored strategies by those of the body, or none; durable when it is answered',
        scope: 'strategies:write',
        body: StrategiesInputSchema,
        bodyLimit: STRATEGY_LIMITS.fileBytes,
        answers: {
          200: { description: 'They are stored', schema: StrategiesSavedSchema },
          409: { description: 'One of the cluster came changed', schema: ErrorAnswerSchema },
        },
      },
      handle: async (request): Promise<StrategiesSaved> => {
        const list = (request.body as { strategies?: unknown } | null)?.strategies;
        if (list === undefined || list === null || (Array.isArray(list) && list.length === 0)) {
          throw new Failure(400, 'No strategies provided');
        }
        const given = readStrategies(request.body);
        await checkRegexes(book, given);
        book.replace(given);
        const { policies } = book.published;
        const warnings = strategyWarnings(
          given.map(({ strategy }) => strategy),
          matching.available,
        );
        return {
          ...succeeded('Scheduling strategies saved successfully'),
          ...(warnings.length > 0 && { warnings }),
          data: { revision: policies.revision, strategies: book.records.length },
        };
      },
    },
    {
      spec: {
        method: 'DELETE',
        path: NODE_API_PATHS.strategies,
        summary: 'Removes all strategies that are stored',
        scope: 'strategies:write',
        answers: { 200: { description: 'None is left', schema: PlainAnswerSchema } },
      },
      handle: () => {
        book.replace([]);
        const { clusterTitle, cluster } = book;
        const left = cluster.length === 0 ? '' : `; ${cluster.length} of ${clusterTitle} stay`;
        return succeeded(`Scheduling strategies removed${left}`);
      },
    },
  ];
}
