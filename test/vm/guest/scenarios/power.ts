// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { kernelView } from '../kernel.ts';
import type { Scenario } from '../stage.ts';

const PM_TEST = '/sys/power/pm_test';

/**
 * Suspend to idle under load, three times, as far as a test machine can: all tasks are frozen, the kernel waits, and they
 * go on. Deeper, the machine's virtual disks and terminals do not come back, with any scheduler.
 */
export const suspendResume: Scenario = async (stage) => {
  if (!existsSync(PM_TEST)) return { skipped: 'this kernel has no /sys/power/pm_test, and no clock that wakes it up' };
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(3 * stage.cpus);
  writeFileSync(PM_TEST, 'freezer');
  writeFileSync('/sys/module/suspend/parameters/pm_test_delay', '2');
  stage.atEnd(() => writeFileSync(PM_TEST, 'none'));
  const before = kernelView();
  const rounds = 3;
  let asleepMs = 0;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    // Returns when everything goes on again.
    writeFileSync('/sys/power/state', 'freeze');
    asleepMs += performance.now() - start;
    await Promise.all(hogs.map((hog) => hog.lap()));
  }
  const reports = await stage.measure(hogs, stage.seconds(3));
  const told = readFileSync('/sys/power/suspend_stats/success', 'utf8');
  return {
    before,
    after: kernelView(),
    hogs: reports,
    values: { rounds, asleepMs, told: Number(told) },
    ...(await scheduler.counters()),
  };
};
