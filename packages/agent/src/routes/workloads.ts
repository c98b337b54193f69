// SPDX-License-Identifier: Apache-2.0
import { NODE_API_PATHS, ProblemSchema, type WorkloadsAnswer, WorkloadsAnswerSchema } from '@gthulhu/contracts';
import type { Workload } from '@gthulhu/workloads';
import { Type } from 'typebox';
import { Failure } from '../http/failure.ts';
import { type Route, succeeded } from '../http/route.ts';
import type { StrategyBook } from '../strategies/strategy-book.ts';
import { processesOf } from '../workloads/count-threads.ts';
import type { NodeMatching } from '../workloads/node-matching.ts';
import { toldWorkload } from '../workloads/told.ts';
import type { UnenforcedLimits } from '../workloads/unenforced-limits.ts';

type Filter = (workload: Workload) => boolean;

const FILTERS: readonly string[] = ['namespace', 'label', 'uid', 'processes', 'limit'];

/** Whose processes are told: a person asks for one, or some. */
const MOST_WITH_PROCESSES = 64;

/** Most values of one parameter. */
const MOST_FILTERS = 64;

function listOf(name: string, value: unknown): string[] {
  const list = value === undefined ? [] : [value].flat();
  if (list.length > MOST_FILTERS || list.some((text) => typeof text !== 'string'))
    throw new Failure(400, `${name} is given more than ${MOST_FILTERS} times; ask for fewer`);
  return list as string[];
}

/** Whether processes are to be told too. */
function readWish(wish: unknown): boolean {
  if (wish === undefined || wish === '1') return wish === '1';
  throw new Failure(400, 'processes must be 1 or left out');
}

/** @param query `namespace` any number of times (one of them), `label=KEY=VALUE` or `label=KEY` (all of them), `uid` */
export function workloadFilter(query: Readonly<Record<string, unknown>>): Filter {
  const unknown = Object.keys(query).find((key) => !FILTERS.includes(key));
  if (unknown !== undefined)
    throw new Failure(
      400,
      `there is no filter ${JSON.stringify(unknown.slice(0, 64))}; use ${FILTERS.slice(0, -1).join(', ')} or ${FILTERS.at(-1)}`,
    );
  const uids = new Set(listOf('uid', query.uid));
  const namespaces = new Set(listOf('namespace', query.namespace));
  const labels = listOf('label', query.label).map((text) => {
    const at = text.indexOf('=');
    if (at === 0 || text === '') throw new Failure(400, `label ${JSON.stringify(text)} has no key; write KEY=VALUE`);
    return at === -1 ? { key: text, value: null } : { key: text.slice(0, at), value: text.slice(at + 1) };
  });
  return (workload) =>
    (uids.size === 0 || uids.has(workload.uid)) &&
    (namespaces.size === 0 || namespaces.has(workload.namespace)) &&
    labels.every(
      ({ key, value }) => Object.hasOwn(workload.labels, key) && (value === null || workload.labels[key] === value),
    );
}

/** How many at most. */
function readLimit(limit: unknown): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  if (typeof limit !== 'string' || !/^\d{1,7}$/.test(limit)) throw new Failure(400, 'limit must be a whole number');
  return Number(limit);
}

const order = (a: Workload, b: Workload): number =>
  a.namespace < b.namespace ? -1 : a.namespace > b.namespace ? 1 : a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/** What runs on this node, and which strategy comes to it. */
export function workloadsRoute(
  book: StrategyBook,
  matching: NodeMatching,
  cgroupRoot: string | null,
  unenforced: () => UnenforcedLimits,
): Route {
  return {
    spec: {
      method: 'GET',
      path: NODE_API_PATHS.workloads,
      summary: 'Workloads of this node, their containers, and the strategies that come to them',
      scope: 'workloads:read',
      problems: true,
      query: {
        namespace: Type.Array(Type.String(), { description: 'One of these' }),
        label: Type.Array(Type.String(), { description: 'KEY=VALUE, or KEY for any value; all of these' }),
        uid: Type.Array(Type.String(), { description: 'One of these' }),
        processes: Type.Literal('1', {
          description: `With the numbers of its processes, where the filter leaves ${MOST_WITH_PROCESSES} workloads or fewer`,
        }),
        limit: Type.Integer({ minimum: 0, description: 'The first ones only' }),
      },
      answers: {
        200: { description: 'Those that the filter lets through', schema: WorkloadsAnswerSchema },
        400: { description: 'The filter is none', schema: ProblemSchema, contentType: 'application/problem+json' },
      },
    },
    handle: (request): WorkloadsAnswer => {
      const wanted = workloadFilter(request.query as Record<string, unknown>);
      const { limit, processes } = request.query as Record<string, unknown>;
      const most = readLimit(limit);
      const withPids = readWish(processes);
      const all = matching.workloads();
      const found = all.filter(wanted).sort(order).slice(0, most);
      if (withPids && found.length > MOST_WITH_PROCESSES)
        throw new Failure(
          400,
          `processes of ${found.length} workloads are asked for, of at most ${MOST_WITH_PROCESSES} they are told; use uid or limit`,
        );
      return {
        ...succeeded('Workloads retrieved successfully'),
        data: {
          ...matching.source,
          cgroupsLeftOut: book.published.leftOut,
          unenforcedLimits: unenforced(),
          total: all.length,
          workloads: found.map((workload) => ({
            ...toldWorkload(workload, matching),
            ...(withPids && { pids: processesOf(workload, cgroupRoot) }),
          })),
        },
      };
    },
  };
}
