// SPDX-License-Identifier: Apache-2.0
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Measured } from '../../plan.ts';
import { kernelView, untilState } from '../kernel.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Scenario, Stage } from '../stage.ts';

const PIN_PATH = '/sys/fs/bpf/gthulhu';
const COMMAND = fileURLToPath(new URL('../../../../bin/gthulhu', import.meta.url));
const END_LIMIT_MS = 30_000;
/** The wait in which nobody serves the scheduler. */
const ALONE_MS = 3000;

const pins = (): string[] => {
  try {
    return readdirSync(PIN_PATH);
  } catch {
    return [];
  }
};

/** A scheduler that outlives its process, until the scenario ends. */
async function pinned(stage: Stage, config: Readonly<Record<string, unknown>> = {}): Promise<Scheduler> {
  stage.atEnd(() => {
    for (const name of pins()) rmSync(`${PIN_PATH}/${name}`);
  });
  return stage.launch({ config: { pin: true, ...config } }).started();
}

async function kill(scheduler: Scheduler): Promise<void> {
  scheduler.signal('SIGKILL');
  await scheduler.program.exited;
}

/** Waits until it has told its counters once; those after that are told from there on. */
async function countersFromHere(scheduler: Scheduler): Promise<void> {
  await scheduler.program.line((line) => line.includes('bss data'), END_LIMIT_MS);
  scheduler.mark();
}

/** Killed under load: nobody notices, and the next process goes on with it. */
export const takeoverKilled: Scenario = async (stage) => {
  await stage.alone();
  const first = await pinned(stage);
  const hogs = await stage.hogs(3 * stage.cpus);
  const before = kernelView();
  await Promise.all(hogs.map((hog) => hog.lap()));
  await kill(first);
  await sleep(ALONE_MS);
  const orphan = kernelView();
  const second = await pinned(stage);
  if (stage.request.dispatch === 'hybrid') await second.settled();
  await countersFromHere(second);
  await sleep(stage.seconds(3) * 1000);
  const { counters } = await second.counters();
  const reports = await Promise.all(hogs.map((hog) => hog.lap()));
  return {
    before,
    after: kernelView(),
    hogs: reports,
    ...(counters && { counters }),
    values: { orphanSeq: orphan.state === 'enabled' ? orphan.enableSeq : -1, seq: before.enableSeq },
  };
};

/** Ended as a DaemonSet ends it, taken over, and then switched off from outside. */
export const takeoverOff: Scenario = async (stage) => {
  await stage.alone();
  const first = await pinned(stage);
  const before = kernelView();
  const firstCode = await first.stop();
  const orphan = kernelView();
  const second = await pinned(stage);
  const adopted = kernelView();
  const off = stage.run(COMMAND, 'off', '-o', 'json');
  const offCode = await off.exited;
  const disabledMs = (await untilState('disabled', END_LIMIT_MS)) ?? Number.POSITIVE_INFINITY;
  await second.program.line((line) => line.includes('gthulhu off'), END_LIMIT_MS);
  // Longer than an ejected scheduler waits before it attaches again.
  await sleep(6000);
  const after = kernelView();
  const again = stage.run(COMMAND, 'off');
  const againCode = await again.exited;
  const secondCode = await second.stop();
  return {
    before,
    after,
    exits: [
      { code: firstCode, log: first.program.lines.join('\n') },
      { code: secondCode, log: second.program.lines.join('\n') },
      { code: offCode, log: off.lines.join('\n') },
      { code: againCode, log: again.lines.join('\n') },
    ],
    values: {
      disabledMs,
      left: pins().length,
      seq: before.enableSeq,
      orphanSeq: orphan.state === 'enabled' ? orphan.enableSeq : -1,
      adoptedSeq: adopted.enableSeq,
    },
  };
};

/** Killed, then something happens, then the next process finds that it cannot go on with what is pinned. */
async function replaced(
  stage: Stage,
  meanwhile: () => Promise<void>,
  config: Readonly<Record<string, unknown>> = {},
): Promise<Measured> {
  await stage.alone();
  const first = await pinned(stage);
  const before = kernelView();
  await kill(first);
  await meanwhile();
  await pinned(stage, config);
  return { before, after: kernelView(), values: { pins: pins().length } };
}

/** The kernel ejects it while no process is there. */
export const takeoverDead: Scenario = (stage) =>
  replaced(stage, async () => {
    writeFileSync('/proc/sysrq-trigger', 'S');
    await untilState('disabled', END_LIMIT_MS);
  });

/** The next process wants another slice. */
export const takeoverOtherwise: Scenario = (stage) => replaced(stage, async () => {}, { slice_ns_default: 7_000_000 });

/** The next process does not want to pin. */
export const takeoverUnpinned: Scenario = (stage) => replaced(stage, async () => {}, { pin: false });

/** A set whose last part was never pinned. */
export const takeoverHalf: Scenario = async (stage) => {
  await stage.alone();
  const first = await pinned(stage);
  const before = kernelView();
  await kill(first);
  rmSync(`${PIN_PATH}/link_ops`);
  await untilState('disabled', END_LIMIT_MS);
  await pinned(stage);
  return { before, after: kernelView(), values: { pins: pins().length } };
};

/** Nobody comes to take it over. */
export const takeoverOrphan: Scenario = async (stage) => {
  await stage.alone();
  const first = await pinned(stage, { orphanTimeoutSeconds: 5 });
  const before = kernelView();
  // It must not end while its process lives.
  await sleep(7000);
  const alive = kernelView();
  await kill(first);
  const disabledMs = (await untilState('disabled', END_LIMIT_MS)) ?? Number.POSITIVE_INFINITY;
  return {
    before,
    after: kernelView(),
    values: { disabledMs, aliveSeq: alive.state === 'enabled' ? alive.enableSeq : -1, seq: before.enableSeq },
  };
};
