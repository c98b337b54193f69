// SPDX-License-Identifier: Apache-2.0
/** The node API under load, on this machine itself; in turn with a server of Node's own that checks nothing. */
import { Agent as Connections } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { BSS_ORDER_2025, NODE_API_PATHS } from '@gthulhu/contracts';
import { type Ask, atOnce, atRate, type Load, send } from './agent/load.ts';
import { type Server, startAgent, startBaseline } from './agent/servers.ts';
import { quantile, ratios, show, spreadOf } from './stats.ts';

const ROUNDS = 3;
const STRATEGIES = 200;
const GETS_A_SECOND = 1_000;
const SECONDS = 5;
const CLIENTS = 100;
const POSTS_EACH = 20;
/** Five seconds after its start it gives back what only that took. */
const SETTLED_MS = 7_000;

/** One of each round. */
export type AgentFigures = Readonly<Record<FigureName, number[]>>;
const FIGURES = ['restMb', 'listRate', 'listP99Ms', 'listCpuUs', 'listMb', 'postRate', 'postP99Ms'] as const;
type FigureName = (typeof FIGURES)[number];

export interface AgentTimes {
  readonly ours: AgentFigures;
  readonly baseline: AgentFigures;
}

const list: Ask = { method: 'GET', path: NODE_API_PATHS.strategies };
const post: Ask = {
  method: 'POST',
  path: NODE_API_PATHS.metrics,
  body: JSON.stringify(Object.fromEntries(BSS_ORDER_2025.map((name) => [name, 1]))),
};
const strategies = JSON.stringify({
  strategies: Array.from({ length: STRATEGIES }, (_, i) => ({
    command_regex: `^service-${i}$`,
    priority: i % 21,
    execution_time: 5_000_000,
  })),
});

const none = (): AgentFigures => Object.fromEntries(FIGURES.map((name) => [name, []])) as never;
const p99 = ({ latenciesMs }: Load): number => quantile(latenciesMs, 0.99);

async function measure(server: Server, into: AgentFigures): Promise<void> {
  const { target } = server;
  await sleep(SETTLED_MS);
  into.restMb.push(server.rssMb());
  // Compiled code for both.
  await atRate(target, list, GETS_A_SECOND / 4, 2);
  const before = server.cpuMs();
  const listed = await atRate(target, list, GETS_A_SECOND, SECONDS);
  into.listCpuUs.push(((server.cpuMs() - before) * 1_000) / listed.latenciesMs.length);
  into.listRate.push(listed.rate);
  into.listP99Ms.push(p99(listed));
  into.listMb.push(server.rssMb());
  const posted = await atOnce(target, post, CLIENTS, POSTS_EACH);
  into.postRate.push(posted.rate);
  into.postP99Ms.push(p99(posted));
}

export async function agentTimes(): Promise<AgentTimes> {
  const times: AgentTimes = { ours: none(), baseline: none() };
  for (let round = 0; round < ROUNDS; round++) {
    const agent = await startAgent();
    const connection = new Connections();
    await send(agent.target, { method: 'POST', path: NODE_API_PATHS.strategies, body: strategies }, connection);
    const listing = await send(agent.target, list, connection);
    await measure(agent, times.ours);
    await agent.stop();
    const baseline = await startBaseline(listing);
    await measure(baseline, times.baseline);
    await baseline.stop();
  }
  return times;
}

interface Row {
  readonly title: string;
  readonly name: FigureName;
  readonly unit: string;
  readonly digits: number;
  readonly most?: number;
  readonly least?: number;
}

const ROWS: readonly Row[] = [
  { title: `memory at rest, ${STRATEGIES} strategies (RSS)`, name: 'restMb', unit: 'MB', digits: 0, most: 90 },
  // Within a hundredth: the last answer comes after the last second.
  {
    title: `list of ${STRATEGIES} strategies, ${GETS_A_SECOND} asked for a second`,
    name: 'listRate',
    unit: '/s',
    digits: 0,
    least: 0.99 * GETS_A_SECOND,
  },
  { title: '... p99 from when it was due', name: 'listP99Ms', unit: 'ms', digits: 1 },
  { title: '... CPU time an answer', name: 'listCpuUs', unit: 'us', digits: 0 },
  { title: '... memory right after (RSS)', name: 'listMb', unit: 'MB', digits: 0 },
  { title: `counters posted by ${CLIENTS} clients at once`, name: 'postRate', unit: '/s', digits: 0 },
  { title: '... p99', name: 'postP99Ms', unit: 'ms', digits: 1 },
];

/** Markdown; nothing when it was not measured. */
export function agentReport(times: AgentTimes | null): string {
  if (times === null) return '';
  const rows = ROWS.map(({ title, name, unit, digits, most, least }) => {
    const ours = spreadOf(times.ours[name]);
    const bound = most ?? least;
    const goal = bound === undefined ? '-' : `${most === undefined ? '>=' : '<='} ${bound} ${unit}`;
    const isMet = (most === undefined || ours.median <= most) && (least === undefined || ours.median >= least);
    const cells = [
      title,
      show(spreadOf(times.baseline[name]), digits, unit),
      show(ours, digits, unit),
      show(spreadOf(ratios(times.ours[name], times.baseline[name])), 2),
      goal,
      bound === undefined ? '-' : isMet ? 'yes' : '**no**',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return `
The node API on the machine itself, clients beside it. Baseline is Node's own HTTP server with the same options, which checks no
token and sends the same bytes from memory; in turn with it.

| node API | baseline | here | ratio | target | met |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}
