// SPDX-License-Identifier: Apache-2.0
/** Measures in the test machine: main.ts hybrid|kernel PAIRS one|two. One line of JSON for each value. */
import { setTimeout as sleep } from 'node:timers/promises';
import { untilState } from '../../test/vm/guest/kernel.ts';
import { Scheduler } from '../../test/vm/guest/scheduler.ts';
import type { Dispatch } from '../../test/vm/plan.ts';
import { VALUE_MARK, type Value } from '../value.ts';
import { copyPrograms, fairness, footprint, forkExec, hackbench, hogsWork, idleWakeup, pipe } from './measures.ts';
import { Probe } from './probe-client.ts';

const dispatch = process.argv[2] as Dispatch;
const pairs = Number(process.argv[3]);
const oneCpu = process.argv[4] === 'one';

// As a user has it: none of the settings of the tests.
const DEFAULTS = { timeoutMs: 30_000, statsIntervalSeconds: 10, opinionBudgetPercent: 1 };

function tell(name: string, attached: boolean, value: number): void {
  process.stdout.write(`${VALUE_MARK}${JSON.stringify({ name, attached, value } satisfies Value)}\n`);
}

/** Milliseconds that loading the BPF object took, from the process's own log. */
function bpfLoadMs(scheduler: Scheduler): number {
  const log = scheduler.log();
  const map = log.findIndex(({ msg }) => msg === 'map');
  return Date.parse(log[map].time) - Date.parse(log[map - 1].time);
}

async function attached(): Promise<Scheduler> {
  const scheduler = new Scheduler({ dispatch, config: DEFAULTS });
  await scheduler.started();
  tell('start', true, (scheduler.startMs - bpfLoadMs(scheduler)) / 1000);
  await sleep(1000);
  return scheduler;
}

async function detached(scheduler: Scheduler): Promise<void> {
  await scheduler.stop();
  await untilState('disabled', 10_000);
}

const probe = oneCpu ? await new Probe('probe').ready() : null;

async function measureAll(isAttached: boolean): Promise<void> {
  if (probe === null) {
    tell('fairness', isAttached, await fairness(2, 4));
    return;
  }
  tell('wakeup', isAttached, await idleWakeup(probe));
  tell('hackbench', isAttached, hackbench(300));
  tell('pipe', isAttached, pipe(2000));
  tell('forks', isAttached, forkExec(100));
  tell('work', isAttached, await hogsWork(3));
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
if (oneCpu) {
  scheduler ??= await attached();
  const { rssMb, cpuPercent } = await footprint(scheduler.program.pid, 20);
  tell('rss', true, rssMb);
  tell('cpu', true, cpuPercent);
}
if (scheduler !== null) await detached(scheduler);
probe?.end();
process.exit(0);
