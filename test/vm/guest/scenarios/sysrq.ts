// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { kernelView, untilState } from '../kernel.ts';
import type { Scenario } from '../stage.ts';

/** Somebody presses SysRq-S: the scheduler goes, says why, and does not come back by itself. */
export const sysrqS: Scenario = async (stage) => {
  await stage.alone();
  const scheduler = await stage.launch({ logFormat: 'plain' }).started();
  const hogs = await stage.hogs(2 * stage.cpus);
  const before = kernelView();
  await Promise.all(hogs.map((hog) => hog.lap()));
  writeFileSync('/proc/sysrq-trigger', 'S');
  const disabledMs = (await untilState('disabled', 10_000)) ?? Number.MAX_SAFE_INTEGER;
  const code = await Promise.race([scheduler.program.exited, sleep(30_000, -1, { ref: false })]);
  // Longer than the first pause after an ejection: if it were to come back, it would be here by then.
  await sleep(stage.seconds(6) * 1000);
  return {
    before,
    after: kernelView(),
    hogs: await Promise.all(hogs.map((hog) => hog.lap())),
    exits: [{ code, log: scheduler.program.lines.join('\n') }],
    values: { disabledMs },
  };
};
