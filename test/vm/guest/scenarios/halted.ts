// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Measured } from '../../plan.ts';
import { kernelView } from '../kernel.ts';
import type { Scenario, Stage } from '../stage.ts';
import type { Hog } from '../tasks.ts';

function cpuMsOf(hogs: readonly Hog[]): number {
  return hogs.reduce(
    (sum, hog) => sum + Number(readFileSync(`/proc/${hog.program.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    0,
  );
}

interface Halt {
  /** Until it resolves they may still run. */
  stop(hogs: readonly Hog[]): Promise<void> | void;
  goOn(hogs: readonly Hog[]): Promise<void> | void;
}

/** Half of the hogs are stopped: the others have the CPU for themselves, and afterwards all have their share again. */
async function halted(stage: Stage, { stop, goOn }: Halt, rounds = 1): Promise<Measured> {
  const scheduler = await stage.scheduler();
  const stopped = await stage.hogs(2 * stage.cpus, { name: 'stopped' });
  const others = await stage.hogs(2 * stage.cpus, { name: 'others' });
  const before = kernelView();
  const seconds = stage.seconds(3);
  let haltedMs = 0;
  let haltedCpuMs = 0;
  let othersCpuMs = 0;
  for (let round = 0; round < rounds; round++) {
    await stop(stopped);
    const start = performance.now();
    const from = [cpuMsOf(stopped), cpuMsOf(others)];
    await sleep((seconds * 1000) / rounds);
    haltedCpuMs += cpuMsOf(stopped) - from[0];
    othersCpuMs += cpuMsOf(others) - from[1];
    haltedMs += performance.now() - start;
    await goOn(stopped);
    // Once round before the next one, or the end of the wait would be missed.
    await Promise.all(stopped.map((hog) => hog.lap()));
  }
  const reports = await stage.measure([...stopped, ...others], seconds);
  return {
    before,
    after: kernelView(),
    hogs: reports,
    values: { haltedCpuMs, othersPercent: (othersCpuMs / (haltedMs * stage.cpus)) * 100 },
    ...(await scheduler.counters()),
  };
}

const CGROUP = '/sys/fs/cgroup/gthulhu-frozen';

async function untilFrozen(frozen: 0 | 1): Promise<void> {
  writeFileSync(`${CGROUP}/cgroup.freeze`, String(frozen));
  for (const start = performance.now(); performance.now() - start < 10_000; await sleep(10))
    if (readFileSync(`${CGROUP}/cgroup.events`, 'utf8').includes(`frozen ${frozen}`)) return;
  throw new Error(`the control group did not come to 'frozen ${frozen}' within 10 s`);
}

/** The freezer of control groups, as a paused container uses it. */
export const freezer: Scenario = (stage) => {
  // Of an earlier one whose tasks took longer to end, perhaps.
  mkdirSync(CGROUP, { recursive: true });
  stage.atEnd(() => {
    try {
      rmdirSync(CGROUP);
    } catch {
      // its tasks are not quite gone; the machine ends soon
    }
  });
  return halted(stage, {
    stop: async (hogs) => {
      for (const hog of hogs) writeFileSync(`${CGROUP}/cgroup.procs`, String(hog.program.pid));
      await untilFrozen(1);
    },
    goOn: () => untilFrozen(0),
  });
};

/** Stopped and continued again and again, as a shell's jobs are. */
export const jobControl: Scenario = (stage) =>
  halted(
    stage,
    {
      stop: async (hogs) => {
        for (const hog of hogs) hog.program.signal('SIGSTOP');
        await sleep(20);
      },
      goOn: (hogs) => {
        for (const hog of hogs) hog.program.signal('SIGCONT');
      },
    },
    6,
  );

/** A debugger holds one task after the other. */
export const traced: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(2 * stage.cpus, { name: 'traced' });
  const others = await stage.hogs(stage.cpus, { name: 'others' });
  const before = kernelView();
  const tracer = await stage.helper('tracer', ...hogs.map((hog) => String(hog.program.pid)));
  const during = await stage.measure(others, stage.seconds(5));
  tracer.program.signal('SIGTERM');
  const code = await tracer.program.exited;
  const held = Number(/"held":(\d+)/.exec(tracer.program.lines.at(-1) ?? '')?.[1] ?? 0);
  const reports = await stage.measure([...hogs, ...others], 3);
  return {
    before,
    after: kernelView(),
    hogs: reports,
    values: { held, tracerCode: code ?? -1, othersMaxGapMs: Math.max(...during.map((hog) => hog.maxGapMs)) },
    ...(await scheduler.counters()),
  };
};
