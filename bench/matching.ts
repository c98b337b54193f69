// SPDX-License-Identifier: Apache-2.0
/** Strategies matched to workloads, on this machine, in a process of its own. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { show, spreadOf } from './stats.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/** ms of each round, by what was measured. */
export type MatchingTimes = Readonly<Record<string, readonly number[]>>;

export function matchingTimes(): MatchingTimes {
  const node = `${root}node_modules/.bin/node`;
  return JSON.parse(execFileSync(node, [`${root}bench/matching/main.ts`], { encoding: 'utf8' })) as MatchingTimes;
}

const ROWS: readonly (readonly [name: string, title: string, mostMs: number | null])[] = [
  ['cold', 'all at once, with every reason', 50],
  ['first', 'the same as the first work of a process', null],
  ['container', 'one container more', 1],
  ['label', 'one strategy, by a label that others ask about', 1],
  ['newLabel', 'one strategy, by a label that nobody asked about', 1],
  ['everybody', 'one strategy about everybody', 1],
];

export function matchingReport(times: MatchingTimes | null): string {
  if (times === null) return '';
  const naive = show(spreadOf(times.naive), 0, 'ms');
  const rows = ROWS.map(([name, title, most]) => {
    const spread = spreadOf(times[name]);
    const met = most === null ? '-' : spread.median <= most ? 'yes' : '**no**';
    const goal = most === null ? '-' : `<= ${most} ms`;
    return `| ${title} | ${naive} | ${show(spread, most === 1 ? 2 : 0, 'ms')} | ${goal} | ${met} |`;
  });
  return `
Strategies matched to workloads, on the machine itself: 10,000 containers, 500 strategies. Naive is every strategy against every
workload, then sorted; it has to be done again for every change. CPU time of the thread.

| matching | naive | here | target | met |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}
