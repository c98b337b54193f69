// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Measured } from '../../plan.ts';
import { kernelView, untilInForceAgain } from '../kernel.ts';
import type { Scenario, Stage } from '../stage.ts';

/** Longer than the kernel's patience with a waiting task (5 s here), shorter than it takes to be thrown out twice. */
const HOG_SECONDS = 9;
/** Since 7.0 the kernel keeps a share of each CPU for sched_ext, whatever real-time tasks do. */
const EXT_SERVER = '/sys/kernel/debug/sched/ext_server';
const BACK_LIMIT_MS = 40_000;

/**
 * A real-time task that never sleeps. It goes before every task of a sched_ext scheduler, so what happens is the
 * kernel's affair: since 7.0 it keeps a share for sched_ext (the ext server), before it throws the scheduler out.
 */
async function besideRealtime(stage: Stage, cpus: string | undefined): Promise<Measured> {
  // One that has not been thrown out before: its first pause is the shortest.
  await stage.alone();
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(2 * stage.cpus);
  const sleeper = await stage.sleeper({ periodUs: 20_000, workUs: 500 });
  const before = kernelView();
  const from = scheduler.program.lines.length;
  await Promise.all(hogs.map((hog) => hog.lap()));
  await sleeper.lap();
  const seconds = stage.seconds(HOG_SECONDS);
  const where = cpus === undefined ? [] : ['taskset', '-c', cpus];
  // It may hold the only CPU there is: a task that goes before it has to end it.
  const realtime = stage.run(
    ...['chrt', '-f', '20', 'timeout', '-s', 'KILL', String(seconds)],
    ...[...where, 'chrt', '-f', '10', 'perl', '-e', '1 while 1'],
  );
  await realtime.exited;
  const during = kernelView();
  const reports = await Promise.all(hogs.map((hog) => hog.lap()));
  const sleepers = [await sleeper.lap()];
  // Thrown out, it comes back by itself after 5 s.
  const thrownOut = (): boolean => scheduler.log(from).some((line) => line.msg === 'ejected');
  await sleep(1000);
  const back = thrownOut() || during.enableSeq !== before.enableSeq || during.state !== 'enabled';
  const backMs = back ? await untilInForceAgain(before.enableSeq, BACK_LIMIT_MS) : 0;
  const after = kernelView();
  // And it works again.
  const later = await stage.measure(hogs, 2);
  return {
    before,
    after,
    hogs: [...reports.map((hog) => ({ ...hog, name: 'beside it' })), ...later],
    sleepers,
    values: {
      extServer: existsSync(EXT_SERVER) ? 1 : 0,
      ejected: back ? 1 : 0,
      backMs: backMs ?? Number.MAX_SAFE_INTEGER,
    },
    ...(await scheduler.counters()),
  };
}

export const realtimeHogFree: Scenario = (stage) => besideRealtime(stage, undefined);
export const realtimeHogPinned: Scenario = (stage) => besideRealtime(stage, '0');
