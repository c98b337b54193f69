// SPDX-License-Identifier: Apache-2.0
/**
 * Measures in the test machine: main.ts hybrid|kernel|strict PAIRS all|urgent|recording. One line of JSON for each value.
 * `recording`: with and without `traceFile`, the scheduler in force in both.
 */
import { statSync, writeFileSync } from 'node:fs';
import { cpus, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { untilState } from '../../test/vm/guest/kernel.ts';
import { Scheduler } from '../../test/vm/guest/scheduler.ts';
import type { Dispatch } from '../../test/vm/plan.ts';
import { VALUE_MARK, type Value } from '../value.ts';
import {
  besideHogs,
  copyPrograms,
  fairness,
  footprint,
  forkExec,
  hackbench,
  halfOfACpu,
  hogsWork,
  idleWakeup,
  pipe,
  wakeups,
} from './measures.ts';
import { Probe } from './probe-client.ts';

const dispatch = process.argv[2] as Dispatch;
const pairs = Number(process.argv[3]);
const onlyUrgent = process.argv[4] === 'urgent';
const recording = process.argv[4] === 'recording';
const nrCpus = cpus().length;
const oneCpu = nrCpus === 1;

const STRATEGIES = '/run/urgent.yaml';
const NONE: readonly object[] = [];
const URGENT = [{ command_regex: '^urgent', priority: 0 }];

/** The file is followed: what is in it is in force soon after, and the reader has cleaned up behind it a while later. */
async function strategies(list: readonly object[]): Promise<void> {
  writeFileSync(STRATEGIES, JSON.stringify({ strategies: list }));
  await sleep(6000);
}
await strategies(URGENT);
// As a user has it: none of the settings of the tests.
const DEFAULTS = {
  timeoutMs: 30_000,
  statsIntervalSeconds: 10,
  opinionBudgetPercent: 1,
  strategiesFile: STRATEGIES,
};
/** Emulated, its threads cost a hundred times what they cost a real machine: else there was nothing to record. */
const ASKS = { ...DEFAULTS, opinionBudgetPercent: 20 };
const TRACE = '/dev/shm/decisions.trace';

function tell(name: string, attached: boolean, value: number): void {
  process.stdout.write(`${VALUE_MARK}${JSON.stringify({ name, attached, value } satisfies Value)}\n`);
}

/** Milliseconds that loading the BPF object took, from the process's own log. */
function bpfLoadMs(scheduler: Scheduler): number {
  const log = scheduler.log();
  const map = log.findIndex(({ msg }) => msg === 'map');
  return Date.parse(log[map].time) - Date.parse(log[map - 1].time);
}

async function attached(config: Readonly<Record<string, unknown>> = DEFAULTS): Promise<Scheduler> {
  const scheduler = new Scheduler({ dispatch, config });
  await scheduler.started();
  tell('start', true, (scheduler.startMs - bpfLoadMs(scheduler)) / 1000);
  // Its policy thread starts after it, and the kernel still puts away what loading took.
  await sleep(10_000);
  return scheduler;
}

async function detached(scheduler: Scheduler): Promise<void> {
  await scheduler.stop();
  await untilState('disabled', 10_000);
}

/** What recording decisions costs the tasks that are decided about. */
async function measureRecording(): Promise<void> {
  copyPrograms();
  hackbench(20);
  forkExec(20);
  await hogsWork(0.2);
  for (let pair = 0; pair < pairs; pair++) {
    for (const isRecorded of pair % 2 === 0 ? [false, true] : [true, false]) {
      const scheduler = await attached({ ...ASKS, ...(isRecorded ? { traceFile: TRACE } : {}) });
      tell('recordedHackbench', isRecorded, hackbench(300));
      tell('recordedForks', isRecorded, forkExec(100));
      tell('recordedWork', isRecorded, await hogsWork(3));
      await detached(scheduler);
      if (isRecorded) tell('recordedSize', true, statSync(TRACE).size / 1024);
    }
  }
}

if (recording) {
  await strategies(NONE);
  await measureRecording();
  process.exit(0);
}

const urgent = await new Probe('urgent').ready();
const probe = oneCpu && !onlyUrgent ? await new Probe('probe').ready() : null;

/** The task that a strategy makes urgent. Without the scheduler: as it is, and on several CPUs at nice -20 too. */
async function measureUrgent(isAttached: boolean): Promise<void> {
  if (oneCpu) tell('urgentIdle', isAttached, await wakeups(urgent));
  await besideHogs(nrCpus, async () => {
    const p99Us = await wakeups(urgent);
    if (oneCpu) {
      tell('urgent', isAttached, p99Us);
      const half = await halfOfACpu(urgent);
      tell('urgentHalf', isAttached, half.p99Us);
      tell('urgentPeriods', isAttached, half.completed);
      return;
    }
    tell(`urgent${nrCpus}`, isAttached, p99Us);
    if (!isAttached) setPriority(urgent.program.pid, -20);
    tell(`urgentNice${nrCpus}`, isAttached, isAttached ? p99Us : await wakeups(urgent));
    if (!isAttached) setPriority(urgent.program.pid, 0);
  });
}

async function measureAll(isAttached: boolean): Promise<void> {
  await strategies(URGENT);
  await measureUrgent(isAttached);
  if (onlyUrgent) return;
  if (probe !== null) {
    tell('forksMatched', isAttached, forkExec(100));
    await strategies(NONE);
  }
  if (probe === null) {
    tell('fairness', isAttached, await fairness(2, 4));
    return;
  }
  tell('hackbench', isAttached, hackbench(300));
  tell('pipe', isAttached, pipe(2000));
  tell('forks', isAttached, forkExec(100));
  tell('work', isAttached, await hogsWork(3));
  // Last: nobody has anything left to clean up.
  await sleep(2000);
  tell('wakeup', isAttached, await idleWakeup(probe));
}

if (probe !== null) {
  copyPrograms();
  hackbench(20);
  pipe(100);
  forkExec(20);
  await hogsWork(0.2);
  await idleWakeup(probe);
}
// Warm files: the first start reads the program from the host, which takes the instruction clock seconds.
await detached(await new Scheduler({ dispatch, config: DEFAULTS }).started());
// E S S E E S S E ...: each neighbour of a pair is of the other kind, and a start serves two pairs.
let scheduler: Scheduler | null = null;
for (let pair = 0; pair < pairs; pair++) {
  for (const isAttached of pair % 2 === 0 ? [false, true] : [true, false]) {
    if (isAttached) scheduler ??= await attached();
    else if (scheduler !== null) {
      await detached(scheduler);
      scheduler = null;
    }
    await measureAll(isAttached);
  }
}
if (probe !== null) {
  scheduler ??= await attached();
  const { rssMb, cpuPercent } = await footprint(scheduler.program.pid, 20);
  tell('rss', true, rssMb);
  tell('cpu', true, cpuPercent);
}
if (scheduler !== null) await detached(scheduler);
probe?.end();
urgent.end();
process.exit(0);
