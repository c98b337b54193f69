// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelView, untilState } from '../kernel.ts';
import type { Scenario } from '../stage.ts';

/** Attached, told what it did in plain lines, detached. */
export const attach: Scenario = async (stage) => {
  await stage.alone();
  const scheduler = await stage.launch({ logFormat: 'plain' }).started();
  const before = kernelView();
  await scheduler.program.line((line) => line.includes('bss data: {'), 20_000);
  const after = kernelView();
  const code = await scheduler.stop();
  const left = await untilState('disabled', 5000);
  return {
    before,
    after,
    exits: [{ code, log: scheduler.program.lines.join('\n') }],
    values: { startMs: scheduler.startMs, detachMs: left ?? Number.POSITIVE_INFINITY },
  };
};

/** Killed under load: the kernel's own scheduler takes over. */
export const killed: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(2 * stage.cpus);
  await Promise.all(hogs.map((hog) => hog.lap()));
  scheduler.signal('SIGKILL');
  const disabledMs = (await untilState('disabled', 10_000)) ?? Number.POSITIVE_INFINITY;
  await sleep(500);
  return { hogs: await Promise.all(hogs.map((hog) => hog.lap())), after: kernelView(), values: { disabledMs } };
};

/** A second one is turned away and disturbs nobody. */
export const second: Scenario = async (stage) => {
  await stage.scheduler();
  const before = kernelView();
  const late = stage.launch();
  const code = await late.program.exited;
  return { before, after: kernelView(), exits: [{ code, log: late.program.lines.join('\n') }] };
};

/** Mode none attaches nothing and ends when asked. */
export const none: Scenario = async (stage) => {
  await stage.alone();
  const scheduler = stage.launch({ config: { mode: 'none' } });
  await scheduler.program.line((line) => line.includes('monitor-only'), 30_000);
  await sleep(300);
  const before = kernelView();
  const code = await scheduler.stop();
  return { before, exits: [{ code, log: scheduler.program.lines.join('\n') }] };
};
