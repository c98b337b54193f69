// SPDX-License-Identifier: Apache-2.0
import {
  type ApiCompat,
  NODE_API_PATHS,
  PlainAnswerSchema,
  STRATEGY_LIMITS,
  StrategiesAnswerSchema,
  type StrategiesSaved,
  StrategiesSavedSchema,
} from '@gthulhu/contracts';
import { Failure } from '../http/failure.ts';
import { type Route, succeeded, timestamp } from '../http/route.ts';
import type { NodeProcess } from '../pods/process-table.ts';
import { InputError } from '../strategies/input-error.ts';
import { type GivenStrategy, readStrategies, StrategiesInputSchema } from '../strategies/read-strategies.ts';
import { toStored } from '../strategies/record.ts';
import { regexFaults } from '../strategies/regex-checker.ts';
import { schedulingRows } from '../strategies/scheduling-rows.ts';
import type { StrategyBook } from '../strategies/strategy-book.ts';
import { strategyWarnings } from '../strategies/warnings.ts';
import type { WorkloadSource } from '../strategies/workload-source.ts';

export interface StrategyDoors {
  readonly book: StrategyBook;
  readonly workloads: WorkloadSource;
  readonly readProcesses: () => Promise<readonly NodeProcess[]>;
  readonly compat: ApiCompat;
}

const RETRIEVED: Readonly<Record<ApiCompat, string>> = {
  current: 'Scheduling intents retrieved successfully',
  '2025-09': 'Scheduling strategies retrieved successfully',
};

/** @throws InputError for the first expression that cannot be used */
export async function checkRegexes(book: StrategyBook, given: readonly GivenStrategy[]): Promise<void> {
  const known = new Set(book.records.map(({ strategy }) => strategy.command_regex ?? ''));
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
export function strategiesRoutes({ book, workloads, readProcesses, compat }: StrategyDoors): Route[] {
  /** Text of what is stored; made once for each state. */
  let stored: { readonly of: unknown; readonly json: string } = { of: null, json: '' };
  const storedJson = (): string => {
    if (stored.of !== book.records) stored = { of: book.records, json: JSON.stringify(book.records.map(toStored)) };
    return stored.json;
  };
  /** The same of the rows, which also depend on the processes. */
  let rows: { readonly of: unknown; readonly with: unknown; readonly json: Promise<string> } | null = null;
  const rowsJson = async (): Promise<string> => {
    // Without such strategies nobody looks at processes.
    const moving = book.records.some(({ strategy }) => strategy.pid === undefined);
    const processes = moving ? await readProcesses() : [];
    if (rows === null || rows.of !== book.records || (moving && rows.with !== processes)) {
      const json = schedulingRows(book.records, workloads, async () => processes, compat).then((made) =>
        made.length === 0 && compat === '2025-09' ? 'null' : JSON.stringify(made),
      );
      rows = { of: book.records, with: processes, json };
    }
    return rows.json;
  };

  return [
    {
      spec: {
        method: 'GET',
        path: NODE_API_PATHS.strategies,
        summary: 'Strategies as they are stored, and rows for older schedulers',
        scope: 'strategies:read',
        answers: { 200: { description: 'All of them', schema: StrategiesAnswerSchema } },
      },
      handle: async (_, reply) => {
        const scheduling = await rowsJson();
        reply.type('application/json; charset=utf-8');
        return `{"success":true,"message":"${RETRIEVED[compat]}","timestamp":"${timestamp()}","scheduling":${scheduling},"strategies":${storedJson()}}`;
      },
    },
    {
      spec: {
        method: 'POST',
        path: NODE_API_PATHS.strategies,
        summary: 'Replaces all strategies by those of the body, or none; durable when it is answered',
        scope: 'strategies:write',
        body: StrategiesInputSchema,
        bodyLimit: STRATEGY_LIMITS.fileBytes,
        answers: { 200: { description: 'They are stored', schema: StrategiesSavedSchema } },
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
          workloads.available,
        );
        return {
          ...succeeded('Scheduling strategies saved successfully'),
          ...(warnings.length > 0 && { warnings }),
          data: { revision: policies.revision, strategies: policies.strategies },
        };
      },
    },
    {
      spec: {
        method: 'DELETE',
        path: NODE_API_PATHS.strategies,
        summary: 'Removes all strategies',
        scope: 'strategies:write',
        answers: { 200: { description: 'None is left', schema: PlainAnswerSchema } },
      },
      handle: () => {
        book.replace([]);
        return succeeded('Scheduling strategies removed');
      },
    },
  ];
}
