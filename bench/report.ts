// SPDX-License-Identifier: Apache-2.0
import { type AgentTimes, agentReport } from './agent.ts';
import { type MatchingTimes, matchingReport } from './matching.ts';
import type { DecisionCost } from './native.ts';
import { ratios, show, spreadOf } from './stats.ts';
import type { Value } from './value.ts';
import type { FloodCost } from './watch-events.ts';

/** What is to be reached: by a value of our own, or by its ratio to EEVDF's in the same boot. */
interface Target {
  readonly title: string;
  readonly unit: string;
  readonly digits: number;
  /** 'idle': by the ratio of ours to our own `urgentIdle` */
  readonly by: 'value' | 'ratio' | 'idle';
  readonly most?: number;
  readonly least?: number;
}

const TARGETS: Readonly<Record<string, (dispatch: string) => Target>> = {
  wakeup: () => ({ title: 'p99 wakeup on an idle machine', unit: 'us', digits: 1, by: 'value', most: 80 }),
  urgentIdle: () => ({ title: 'p99 wakeup of a priority-0 task, idle machine', unit: 'us', digits: 1, by: 'value' }),
  urgent: () => ({ title: 'the same beside 8 hogs, to idle', unit: 'us', digits: 1, by: 'idle', most: 1.1 }),
  urgentHalf: () => ({
    title: 'the same with 5 ms of work every 10 ms, to idle',
    unit: 'us',
    digits: 1,
    by: 'idle',
    most: 1.1,
  }),
  urgentPeriods: () => ({ title: '... periods completed of 500', unit: '', digits: 0, by: 'value', least: 499 }),
  urgent2: () => ({
    title: '2 CPUs, 16 hogs: p99 wakeup against nice 0',
    unit: 'us',
    digits: 0,
    by: 'ratio',
    most: 0.15,
  }),
  urgentNice2: () => ({ title: '... against nice -20', unit: 'us', digits: 0, by: 'ratio', most: 0.9 }),
  urgent4: () => ({
    title: '4 CPUs, 32 hogs: p99 wakeup against nice 0',
    unit: 'us',
    digits: 0,
    by: 'ratio',
    most: 0.15,
  }),
  urgentNice4: () => ({ title: '... against nice -20', unit: 'us', digits: 0, by: 'ratio', most: 0.9 }),
  work: () => ({ title: 'work done by 8 hogs', unit: '/s', digits: 0, by: 'ratio', least: 1 }),
  hackbench: (dispatch) => ({
    title: 'hackbench -g 2 -l 300',
    unit: 's',
    digits: 3,
    by: 'ratio',
    most: dispatch === 'hybrid' ? 1.02 : 1.01,
  }),
  pipe: () => ({ title: 'perf bench sched pipe', unit: 'us', digits: 1, by: 'ratio' }),
  forks: () => ({ title: 'fork + exec + wait', unit: 'ms', digits: 3, by: 'ratio', most: 1.01 }),
  forksMatched: () => ({ title: '... with a strategy to match each command', unit: 'ms', digits: 3, by: 'ratio' }),
  recordedHackbench: () => ({
    title: 'hackbench with `scheduler.traceFile` (without: no recording)',
    unit: 's',
    digits: 3,
    by: 'ratio',
  }),
  recordedForks: () => ({ title: '... fork + exec + wait', unit: 'ms', digits: 3, by: 'ratio' }),
  recordedWork: () => ({ title: '... work done by 8 hogs', unit: '/s', digits: 0, by: 'ratio' }),
  recordedSize: () => ({ title: '... size of the file', unit: 'KiB', digits: 0, by: 'value' }),
  fairness: () => ({
    title: 'fairness, 2 CPUs, a pinned spinner on each and 2 free: 10th percentile / mean',
    unit: '',
    digits: 3,
    by: 'value',
    least: 0.95,
  }),
  start: () => ({ title: 'process start to enabled, BPF load apart', unit: 's', digits: 2, by: 'value', most: 3 }),
  rss: () => ({ title: 'memory (RSS)', unit: 'MB', digits: 0, by: 'value', most: 80 }),
  cpu: () => ({ title: 'CPU on an idle machine', unit: '%', digits: 2, by: 'value', most: 0.5 }),
};

function verdict(target: Target, value: number): { goal: string; met: string } {
  const { most, least } = target;
  if (most === undefined && least === undefined) return { goal: '-', met: '-' };
  const met = (most === undefined || value <= most) && (least === undefined || value >= least);
  const number = most ?? least;
  const unit = target.by === 'value' && target.unit ? ` ${target.unit}` : '';
  return { goal: `${most === undefined ? '>=' : '<='} ${number}${unit}`, met: met ? 'yes' : '**no**' };
}

function guestRow(name: string, dispatch: string, values: readonly Value[]): string | null {
  const target = TARGETS[name](dispatch);
  const of = (attached: boolean): number[] =>
    values.filter((value) => value.name === name && value.attached === attached).map(({ value }) => value);
  const ours = of(true);
  const theirs = of(false);
  if (ours.length === 0) return null;
  const idle = values.filter((value) => value.name === 'urgentIdle' && value.attached).map(({ value }) => value);
  const base = target.by === 'idle' ? idle : theirs;
  // a ratio to nothing is none
  const comparable = base.length === ours.length && base.every((value) => value > 0);
  const ratio = spreadOf(comparable ? ratios(ours, base) : []);
  const { goal, met } = verdict(target, target.by === 'value' ? spreadOf(ours).median : ratio.median);
  const cells = [
    target.title,
    dispatch,
    show(spreadOf(theirs), target.digits, target.unit),
    show(spreadOf(ours), target.digits, target.unit),
    show(ratio, 3),
    String(ours.length),
    goal,
    met,
  ];
  return `| ${cells.join(' | ')} |`;
}

function decisionRows({ batch, ours, recorded, prototype }: DecisionCost): string {
  const ratio = spreadOf(prototype.length === 0 ? [] : ratios(ours, prototype));
  const met = prototype.length === 0 ? '-' : ratio.median <= 1 ? 'yes' : '**no**';
  const more = spreadOf(recorded.map((ns, i) => ns - ours[i]));
  return `| a decision, batch ${batch} | ${show(spreadOf(prototype), 0, 'ns')} | ${show(spreadOf(ours), 0, 'ns')} | ${show(ratio, 2)} | <= 1 | ${met} |
| more with \`scheduler.traceFile\`, batch ${batch} | - | ${show(more, 0, 'ns')} | - | - | - |`;
}

function decisionReport(decisions: readonly DecisionCost[]): string {
  if (decisions.length === 0) return '';
  return `
On the machine itself: out of the ring, decided by the policy \`gthulhu\`, encoded for the kernel; a task, alternating with the
prototype where that is at hand.

| natively | prototype | here | ratio | target | met |
| --- | --- | --- | --- | --- | --- |
${decisions.map(decisionRows).join('\n')}
`;
}

function floodRow({ what, events, perSecond, usPerEvent, listedMib, floodMib, growthMib }: FloodCost): string {
  const [listed, flood, growth] = [listedMib, floodMib, growthMib].map((mib) => `${mib.toFixed(1)} MiB`);
  return `| ${what} | ${events} | ${Math.round(perSecond)}/s | ${usPerEvent.toFixed(0)} us | ${listed} | ${flood} | ${growth} |`;
}

function floodReport(floods: readonly FloodCost[]): string {
  if (floods.length === 0) return '';
  return `
What an agent takes to know the pods of its node: 110 pods of 3 KB, each event changes one of them. Memory (RSS) above that of
a process with the rest of an agent loaded: after the first list, and at the end; and growth from the third tenth of the events.
Aims: 10,000 events a second for a minute, 15 MiB, flat.

| watch events | events | rate | CPU an event | listed | at the end | growth |
| --- | --- | --- | --- | --- | --- | --- |
${floods.map(floodRow).join('\n')}
`;
}

/** A file is measured up to its first heading of the second level; from there on it is what people say about it. */
export function withRemarks(measured: string, before: string): string {
  const at = before.search(/^## /m);
  return at < 0 ? measured : `${measured.trimEnd()}\n\n${before.slice(at)}`;
}

export interface Surroundings {
  readonly commits: readonly string[];
  readonly machine: string;
  readonly emulator: string;
  readonly guestKernel: string;
}

export function report(
  surroundings: Surroundings,
  emulated: ReadonlyMap<string, readonly Value[]>,
  decisions: readonly DecisionCost[],
  matching: MatchingTimes | null,
  agent: AgentTimes | null,
  floods: readonly FloodCost[],
): string {
  const rows = Object.keys(TARGETS).flatMap((name) =>
    [...emulated].flatMap(([dispatch, values]) => guestRow(name, dispatch, values) ?? []),
  );
  return `# Measured

Written by \`make bench\`. Medians; in brackets the interval between the quartiles. A ratio is the median of the pairs' own ratios:
with the scheduler over without it, neighbours in time, in one boot; \`n\` is the number of pairs. "To idle" is the ratio to the
same task's wakeups on an idle machine under the same scheduler.

- commit ${surroundings.commits.join('; ')}
- machine: ${surroundings.machine}
- test machine: ${surroundings.emulator}, Linux ${surroundings.guestKernel}, a clock that counts instructions (4 ns each: about a
  250 MHz machine), one CPU where nothing else is said, everything timed in the guest's memory
- without: the kernel's own scheduler (EEVDF), nothing attached

| guest | dispatch | without | with | ratio | n | target | met |
| --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
${decisionReport(decisions)}${matchingReport(matching)}${agentReport(agent)}${floodReport(floods)}`;
}
