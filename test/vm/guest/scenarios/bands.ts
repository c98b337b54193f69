// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Measured } from '../../plan.ts';
import { kernelView } from '../kernel.ts';
import { FOLDER, type Scheduler } from '../scheduler.ts';
import type { Scenario, Stage } from '../stage.ts';
import type { Hog } from '../tasks.ts';
import { turnsDuring } from '../turns.ts';

/** Whom the scenarios here start. */
const STRATEGIES = [
  { command_regex: '^(urgent|flood|strong)', priority: 0 },
  { command_regex: '^middling', priority: 5 },
  { command_regex: '^lesser', priority: 9 },
  { command_regex: '^short', execution_time: 1_000_000 },
  { command_regex: '^long', execution_time: 20_000_000 },
  { command_regex: '^both', priority: 0, execution_time: 1_000_000 },
  { command_regex: '^brief', priority: 9, execution_time: 500_000 },
];

/** A scheduler that has these strategies in force: beside hogs it would take seconds to give them to their tasks. */
async function withStrategies(stage: Stage, file = 'bands.yaml', strategies = STRATEGIES): Promise<Scheduler> {
  mkdirSync(FOLDER, { recursive: true });
  const strategiesFile = `${FOLDER}/${file}`;
  writeFileSync(strategiesFile, JSON.stringify({ strategies }));
  const scheduler = await stage.scheduler({ config: { strategiesFile } });
  await scheduler.program.line((line) => line.includes('Updated strategy map'), 20_000, 0);
  return scheduler;
}

/** An urgent task's wakeups, alone and beside these. */
async function aloneAndBeside(stage: Stage, ...kinds: [name: string, perCpu: number][]): Promise<Measured> {
  const scheduler = await withStrategies(stage);
  const seconds = stage.seconds(3);
  const probe = await stage.sleeper({ name: 'urgent', periodUs: 10_000, workUs: 200 });
  await sleep(500);
  await probe.lap();
  await sleep(seconds * 1000);
  const idle = await probe.lap();
  const hogs: Hog[] = [];
  for (const [name, perCpu] of kinds) hogs.push(...(await stage.hogs(perCpu * stage.cpus, { name })));
  await sleep(500);
  const before = kernelView();
  await probe.lap();
  const reports = await stage.measure(hogs, seconds);
  const loaded = await probe.lap();
  return {
    before,
    after: kernelView(),
    hogs: reports,
    sleepers: [
      { ...idle, name: 'idle' },
      { ...loaded, name: 'loaded' },
    ],
    ...(await scheduler.counters()),
  };
}

/** Hogs without a strategy. */
export const urgent: Scenario = (stage) => aloneAndBeside(stage, ['hog', 8]);

/** All are urgent, and use all there is: the strongest does not pay for that, and the weakest get on. */
export const urgentOnly: Scenario = (stage) => aloneAndBeside(stage, ['middling', 2], ['lesser', 2]);

const BRIEF = `${FOLDER}/brief`;

/**
 * Urgent tasks with a slice, the weakest of which wait so long over the budget that they are rescued: they get on, and
 * commands that are the weakest of the band come to their end.
 */
export const urgentRescued: Scenario = async (stage) => {
  const scheduler = await withStrategies(stage);
  if (!existsSync(BRIEF)) symlinkSync('/bin/true', BRIEF);
  const others = await stage.hogs(4 * stage.cpus, { name: 'others' });
  const strong = await stage.hogs(3 * stage.cpus, { name: 'both' });
  const weak = await stage.hogs(2 * stage.cpus, { name: 'brief weak', nice: 19 });
  await sleep(500);
  const before = kernelView();
  const from = performance.now();
  const commands = stage.run('sh', '-c', `${BRIEF}; ${BRIEF}; ${BRIEF}`);
  const reports = await stage.measure([...others, ...strong, ...weak], stage.seconds(5));
  await Promise.race([commands.exited, sleep(30_000)]);
  const values = { commandsCode: commands.code ?? -1, commandsMs: performance.now() - from };
  return { before, after: kernelView(), hogs: reports, values, ...(await scheduler.counters()) };
};

/** @param cpus of the crowd: the first and the last; any where it is not said */
async function besideCrowd(stage: Stage, hogs: readonly Hog[], threads: number, ...cpus: string[]): Promise<Measured> {
  await sleep(500);
  const crowd = await stage.helper<{ starved: number; maxGapMs: number }>('crowd', String(threads), ...cpus);
  // To see the end of it among so many.
  setPriority(-20);
  stage.atEnd(() => setPriority(0));
  await sleep(500);
  const before = kernelView();
  await crowd.lap();
  const reports = await stage.measure(hogs, stage.seconds(5));
  const { starved, maxGapMs } = await crowd.lap();
  const after = kernelView();
  crowd.end();
  return { before, after, hogs: reports, values: { crowd: threads, crowdStarved: starved, crowdMaxGapMs: maxGapMs } };
}

/** Many beside urgent tasks that want all there is: what the budget leaves is theirs. */
async function besideUrgent(stage: Stage, threadsPerCpu: number): Promise<Measured> {
  const scheduler = await withStrategies(stage);
  const urgentOnes = await stage.hogs(2 * stage.cpus, { name: 'both' });
  const measured = await besideCrowd(stage, urgentOnes, threadsPerCpu * stage.cpus);
  const ofAll = (measured.hogs ?? []).reduce((sum, { cpuMs, wallMs }) => sum + (100 * cpuMs) / wallMs, 0);
  const values = { ...measured.values, bandPercent: ofAll / stage.cpus };
  return { ...measured, values, ...(await scheduler.counters()) };
}

/** So many that more than half a second is promised to each. */
export const urgentCrowd: Scenario = (stage) => besideUrgent(stage, 60);

/** So few that half a second is. */
export const urgentThrong: Scenario = (stage) => besideUrgent(stage, 45);

const CROWDED = 60;

/** As many urgent tasks as the band's queue takes, which may use one CPU only: another one cannot look after them. */
export const urgentPinnedCrowd: Scenario = async (stage) => {
  const scheduler = await withStrategies(stage, 'crowd.yaml', [{ command_regex: '^crowd', priority: 5 }]);
  const measured = await besideCrowd(stage, await stage.hogs(2 * stage.cpus), CROWDED, '0', '0');
  return { ...measured, ...(await scheduler.counters()) };
};

/** More urgent tasks than the budget of the band, beside some that are not. */
export const urgentFlood: Scenario = async (stage) => {
  const scheduler = await withStrategies(stage);
  const weak = await stage.hogs(4 * stage.cpus, { name: 'weak' });
  const flood = await stage.hogs(2 * stage.cpus, { name: 'flood' });
  await sleep(500);
  const before = kernelView();
  const reports = await stage.measure([...weak, ...flood], stage.seconds(5));
  return { before, after: kernelView(), hogs: reports, ...(await scheduler.counters()) };
};

/**
 * The strongest have a CPU of their own, and wait for nothing else: what they use there counts for nobody on another CPU,
 * where the band has its budget and the others the rest.
 */
export const urgentApart: Scenario = async (stage) => {
  const scheduler = await withStrategies(stage);
  const hogs = [
    ...(await stage.hogs(4, { name: 'weak', cpus: '0' })),
    ...(await stage.hogs(2, { name: 'lesser', cpus: '0' })),
    ...(await stage.hogs(2, { name: 'strong', cpus: '1' })),
  ];
  await sleep(500);
  const before = kernelView();
  const reports = await stage.measure(hogs, stage.seconds(5));
  const onFirst = reports.filter(({ name }) => name !== 'strong');
  return { before, after: kernelView(), hogs: onFirst, ...(await scheduler.counters()) };
};

/** Within the band the stronger goes first. */
export const urgentOrder: Scenario = async (stage) => {
  const scheduler = await withStrategies(stage);
  const hogs = [
    ...(await stage.hogs(2 * stage.cpus, { name: 'plain' })),
    ...(await stage.hogs(stage.cpus, { name: 'lesser' })),
    ...(await stage.hogs(stage.cpus, { name: 'strong' })),
  ];
  await sleep(500);
  const before = kernelView();
  const reports = await stage.measure(hogs, stage.seconds(4));
  return { before, after: kernelView(), hogs: reports, ...(await scheduler.counters()) };
};

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** What strategies give as a slice, and what a turn really is. */
export const slices: Scenario = async (stage) => {
  const scheduler = await withStrategies(stage);
  const cpus = '0';
  const hogs = [
    ...(await stage.hogs(1, { name: 'short', cpus })),
    ...(await stage.hogs(1, { name: 'long', cpus })),
    ...(await stage.hogs(2, { name: 'plain', cpus })),
  ];
  await sleep(500);
  const before = kernelView();
  const pids = hogs.map((hog) => hog.program.pid);
  const { result: reports, turns } = await turnsDuring(pids, () => stage.measure(hogs, stage.seconds(4)));
  const [shortTurnMs, longTurnMs] = pids.map((pid) => median(turns.get(pid) ?? []));
  return {
    before,
    after: kernelView(),
    hogs: reports,
    values: { shortTurnMs, longTurnMs, shortTurns: turns.get(pids[0])?.length ?? 0 },
    ...(await scheduler.counters()),
  };
};

/** A pool of many on two CPUs, and two CPUs that they may not use. */
export const exclusive: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = [
    ...(await stage.hogs(1, { name: 'exclusive', cpus: '2' })),
    ...(await stage.hogs(1, { name: 'exclusive', cpus: '3' })),
    ...(await stage.hogs(24, { name: 'pool', cpus: '0-1' })),
  ];
  const before = kernelView();
  const reports = await stage.measure(hogs, stage.seconds(10));
  return { before, after: kernelView(), hogs: reports, ...(await scheduler.counters()) };
};

/**
 * Weights in a pool, beside a task that is alone on its CPU and two that share one. These use ten times what a task of
 * the pool uses, which is none of the pool's business.
 */
export const exclusiveWeights: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = [
    ...(await stage.hogs(1, { name: 'alone', cpus: '2' })),
    ...(await stage.hogs(2, { name: 'pair', cpus: '3' })),
    ...(await stage.hogs(10, { name: 'strong', cpus: '0-1' })),
    ...(await stage.hogs(10, { name: 'weak', cpus: '0-1', nice: 5 })),
  ];
  const before = kernelView();
  const reports = await stage.measure(hogs, stage.seconds(20));
  return { before, after: kernelView(), hogs: reports, ...(await scheduler.counters()) };
};

/** Timer interrupts of a CPU since boot. */
function ticks(cpu: number): number {
  const line = /^ *LOC:(.*)$/m.exec(readFileSync('/proc/interrupts', 'utf8'))?.[1] ?? '';
  return Number(line.trim().split(/\s+/)[cpu]);
}

/**
 * On a CPU with nohz_full= a lone task has no ticks. Those that come later have their share all the same, on that CPU alone
 * or wherever there is one.
 */
export const tickless: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const cpus = '1';
  const seconds = stage.seconds(3);
  const first = await stage.hogs(1, { name: 'first', cpus });
  await sleep(1000);
  const before = kernelView();
  const from = ticks(1);
  await sleep(seconds * 1000);
  const ticksASecond = (ticks(1) - from) / seconds;
  const second = await stage.hogs(1, { name: 'second', cpus });
  const reports = await stage.measure([...first, ...second], seconds);
  second[0].end();
  await sleep(1000);
  const free = await stage.hogs(2, { name: 'free' });
  const crowded = await stage.measure([...first, ...free], seconds);
  const percents = crowded.map(({ cpuMs, wallMs }) => (100 * cpuMs) / wallMs);
  return {
    before,
    after: kernelView(),
    hogs: reports,
    values: { ticksASecond, leastPercent: Math.min(...percents) },
    ...(await scheduler.counters()),
  };
};
