// SPDX-License-Identifier: Apache-2.0
import {
  NODE_API_PATHS,
  type PreviewAnswer,
  PreviewAnswerSchema,
  type PreviewedStrategy,
  ProblemSchema,
  STRATEGY_LIMITS,
} from '@gthulhu/contracts';
import {
  isAboutAll,
  type PreviewedWorkload,
  previewChange,
  type StrategyPreview,
  type StrategySpec,
  type ThreadName,
  threadMatcher,
} from '@gthulhu/workloads';
import { Type } from 'typebox';
import { type Route, succeeded } from '../http/route.ts';
import type { NodeProcess } from '../pods/process-table.ts';
import { ConflictError } from '../strategies/conflict-error.ts';
import { checkCpuLists } from '../strategies/cpu-lists.ts';
import { InputError } from '../strategies/input-error.ts';
import {
  type GivenStrategy,
  readStrategies,
  readStrategy,
  StrategiesInputSchema,
  StrategyInputSchema,
} from '../strategies/read-strategies.ts';
import type { StrategyBook } from '../strategies/strategy-book.ts';
import { strategyWarnings } from '../strategies/warnings.ts';
import { readThreadNames } from '../workloads/count-threads.ts';
import type { NodeMatching } from '../workloads/node-matching.ts';
import { toSpec } from '../workloads/to-spec.ts';
import { toldInForce, toldLoss } from '../workloads/told.ts';
import { checkRegexes } from './strategies.ts';

/** Entries of one list: a person reads no more. */
const SHOWN = 500;
/** Matches of all strategies together. */
const SHOWN_MATCHES = 5_000;
/** At once. Matching is done for all, and this many are told of. */
const MOST_STRATEGIES = 1_000;

export interface PreviewParts {
  readonly book: StrategyBook;
  readonly matching: NodeMatching;
  /** Folder of cgroup v2; null on a machine that has none. */
  readonly cgroupRoot: string | null;
  readonly readProcesses: () => Promise<readonly NodeProcess[]>;
  readonly now?: () => number;
}

const isList = (body: unknown): boolean => Object.hasOwn((body ?? {}) as object, 'strategies');

/** One strategy, or a list of them. */
function readBody(body: unknown): { given: GivenStrategy[]; replace: boolean } {
  if (!isList(body)) return { given: [readStrategy(body)], replace: false };
  const { replace = false, ...list } = body as { replace?: unknown };
  if (typeof replace !== 'boolean') throw new InputError('replace must be true or false');
  return { given: readStrategies(list), replace };
}

function specsOf(given: readonly GivenStrategy[], book: StrategyBook, nowMs: number): (StrategySpec | null)[] {
  const seen = new Set<string>();
  return given.map(({ id, strategy }, index) => {
    if (id === undefined)
      return toSpec({ id: `new-${index}`, origin: 'node', createdMs: nowMs, updatedMs: nowMs, strategy });
    const old = book.find(id);
    if (old?.origin === 'cluster')
      throw new ConflictError(
        `strategies[${index}].id: ${id} is of ${book.clusterTitle} and is not changed here; leave the id out`,
      );
    if (old === undefined) throw new InputError(`strategies[${index}].id: no stored strategy is ${id}; leave it out`);
    if (seen.has(id)) throw new InputError(`strategies[${index}].id: ${id} stands there twice; leave it out of one`);
    seen.add(id);
    return toSpec({ ...old, strategy });
  });
}

const identity = ({ workload: { uid, namespace, name } }: Pick<PreviewedWorkload, 'workload'>) => ({
  uid,
  namespace,
  name,
});

const matchedBy = ({ counts }: StrategyPreview): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** How often each command runs. */
function countCommands(processes: readonly NodeProcess[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { command } of processes) counts.set(command, (counts.get(command) ?? 0) + 1);
  return counts;
}

/** Processes that a strategy about every task would find by their command. */
function processesOf(
  strategy: StrategySpec,
  commands: ReadonlyMap<string, number> | null,
  isProtected: ReadonlySet<string>,
): Pick<PreviewedStrategy, 'processes' | 'protectedProcesses'> {
  if (commands === null || !isAboutAll(strategy)) return { processes: null, protectedProcesses: null };
  const matching = threadMatcher(strategy);
  let processes = 0;
  let protectedProcesses = 0;
  for (const [comm, times] of commands) {
    if (!matching({ comm, leaderComm: comm })) continue;
    processes += times;
    if (isProtected.has(comm)) protectedProcesses += times;
  }
  return { processes, protectedProcesses };
}

function toldStrategy(
  preview: StrategyPreview,
  threads: ReadonlyMap<string, readonly ThreadName[]>,
  node: Pick<PreviewedStrategy, 'processes' | 'protectedProcesses'>,
): PreviewedStrategy {
  const { strategy, counts, matches } = preview;
  const matching = threadMatcher(strategy);
  return {
    id: strategy.id,
    origin: strategy.origin,
    matched: matchedBy(preview),
    ...counts,
    ...node,
    matches: matches.map((match) => ({
      ...identity(match),
      outcome: match.outcome,
      loss: match.loss === null ? null : toldLoss(match.loss),
      protectedBy: match.protectedBy,
      containers: match.containers.map(({ container }) => {
        const names = container.cgroupPath === null ? undefined : threads.get(container.cgroupPath);
        return {
          ...container,
          threads: names?.length ?? null,
          matchingThreads: names?.filter(matching).length ?? null,
        };
      }),
    })),
  };
}

/** What strategies would do, without doing it. */
export function previewRoute({ book, matching, cgroupRoot, readProcesses, now = Date.now }: PreviewParts): Route {
  return {
    spec: {
      method: 'POST',
      path: NODE_API_PATHS.preview,
      summary: 'What strategies would match and change, and what they conflict with; nothing is stored',
      scope: 'workloads:read',
      problems: true,
      body: Type.Union([
        StrategyInputSchema,
        Type.Object({
          ...StrategiesInputSchema.properties,
          replace: Type.Optional(Type.Boolean({ description: 'In the place of all that are stored' })),
        }),
      ]),
      bodyLimit: STRATEGY_LIMITS.fileBytes,
      answers: {
        200: { description: 'What would come of it', schema: PreviewAnswerSchema },
        409: {
          description: 'It would change one of the cluster',
          schema: ProblemSchema,
          contentType: 'application/problem+json',
        },
      },
    },
    handle: async (request): Promise<PreviewAnswer> => {
      const { given, replace } = readBody(request.body);
      if (given.length > MOST_STRATEGIES)
        throw new InputError(`strategies: ${given.length}; at most ${MOST_STRATEGIES} are previewed at once`);
      await checkRegexes(book, given);
      const nowMs = now();
      const put = specsOf(given, book, nowMs).filter((spec) => spec !== null);
      const stored = matching.strategies();
      // Those of the cluster are nobody's here to replace.
      const removedIds = replace ? stored.filter(({ origin }) => origin === 'node').map(({ id }) => id) : [];
      const away = new Set([...removedIds, ...put.map(({ id }) => id)]);
      const total = stored.filter(({ id }) => !away.has(id)).length + put.length;
      if (total > STRATEGY_LIMITS.strategies)
        throw new InputError(`strategies: ${total} with those that there are, more than ${STRATEGY_LIMITS.strategies}`);
      checkCpuLists([
        ...given.map(({ strategy }) => strategy),
        ...book.all.filter(({ id }) => !away.has(id)).map(({ strategy }) => strategy),
      ]);
      const { protection } = matching;
      const most = Math.min(SHOWN, Math.ceil(SHOWN_MATCHES / Math.max(1, put.length)));
      const found = previewChange(stored, { put, removedIds }, matching.workloads(), { nowMs, protection }, most);

      const paths = found.strategies.flatMap(({ matches }) =>
        matches.flatMap(({ containers }) => containers.flatMap(({ container }) => container.cgroupPath ?? [])),
      );
      const threads = cgroupRoot === null ? new Map() : await readThreadNames(new Set(paths), cgroupRoot);
      const commands = put.some(isAboutAll) ? countCommands(await readProcesses()) : null;
      const isProtected = new Set(protection.commands);
      const warnings = strategyWarnings(
        given.map(({ strategy }) => strategy),
        matching.available,
      );
      return {
        ...succeeded('Previewed; nothing is stored'),
        ...(warnings.length > 0 && { warnings }),
        data: {
          strategies: found.strategies.map((preview) =>
            toldStrategy(preview, threads, processesOf(preview.strategy, commands, isProtected)),
          ),
          changed: found.changes.length,
          changes: found.changes.slice(0, SHOWN).map((change) => ({
            ...identity(change),
            before: toldInForce(change.before),
            after: toldInForce(change.after),
          })),
          conflicts: found.conflicts.slice(0, SHOWN).map(toldLoss),
          truncated:
            found.changes.length > SHOWN ||
            found.conflicts.length > SHOWN ||
            found.strategies.some((preview) => matchedBy(preview) > preview.matches.length),
        },
      };
    },
  };
}
