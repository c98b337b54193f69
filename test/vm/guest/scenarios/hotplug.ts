// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine, Measured } from '../../plan.ts';
import { kernelView, untilInForceAgain } from '../kernel.ts';
import { FOLDER } from '../scheduler.ts';
import type { Scenario, Stage } from '../stage.ts';

/** Loading is verified by an emulated CPU: that takes tens of seconds where there are many queues. */
const BACK_LIMIT_MS = 120_000;
const CPUS = '/sys/devices/system/cpu';

/** Switches CPUs under load. Each time the kernel ends the scheduler, and each time it has to come back by itself. */
async function switched(stage: Stage, switches: readonly (() => void)[]): Promise<Measured> {
  mkdirSync(FOLDER, { recursive: true });
  const strategiesFile = `${FOLDER}/hotplug.yaml`;
  writeFileSync(strategiesFile, JSON.stringify({ strategies: [{ command_regex: '^web-', priority: 0 }] }));
  const scheduler = await stage.scheduler({ config: { strategiesFile } });
  const hogs = [...(await stage.hogs(1)), ...(await stage.hogs(1, { cpus: '0' }))];
  // Urgent only while its strategy is in force, which each attachment has to see to anew.
  await stage.sleeper({ name: 'web-on-0', cpus: '0', periodUs: 20_000, workUs: 1000 });
  const pinned = await stage.hogs(1, { name: 'pinned to the last CPU', cpus: String(stage.cpus - 1) });
  const before = kernelView();
  const from = scheduler.program.lines.length;
  await Promise.all([...hogs, ...pinned].map((hog) => hog.lap()));
  const backMs: number[] = [];
  for (const act of switches) {
    const { enableSeq } = kernelView();
    act();
    const ms = await untilInForceAgain(enableSeq, BACK_LIMIT_MS);
    if (ms === null) throw new Error(`not in force again after ${BACK_LIMIT_MS / 1000} s`);
    backMs.push(ms);
    await sleep(1000);
  }
  const reports = await Promise.all([...hogs, ...pinned].map((hog) => hog.lap()));
  // In force for long enough to show that it works: with the CPUs that there are now.
  const later = await stage.measure(hogs, 2);
  const log = scheduler.log(from);
  const { loadMs, aroundMs } = timesOf(log, backMs);
  return {
    before,
    after: kernelView(),
    hogs: [...reports, ...later],
    values: {
      switches: switches.length,
      explained: log.filter((line) => line.msg === 'ejected' && /HOTPLUG|UNREG_KERN/.test(String(line.kind))).length,
      paused: log.filter((line) => line.pauseSeconds !== undefined).length,
      backMs: Math.max(...backMs),
      loadMs,
      aroundMs,
    },
    ...(await scheduler.counters()),
  };
}

/**
 * Of coming back: what the kernel takes to load and verify the object anew, and all the rest.
 * @param backMs of each time, in order
 */
function timesOf(log: readonly LogLine[], backMs: readonly number[]): { loadMs: number; aroundMs: number } {
  // Its first map is the first line after the load.
  const loadMs = log.flatMap(({ msg, time }, at) =>
    msg === 'map' && log[at - 1]?.msg !== 'map' ? [Date.parse(time) - Date.parse(log[at - 1]?.time ?? time)] : [],
  );
  return {
    loadMs: Math.max(...loadMs),
    aroundMs: Math.max(...backMs.map((ms, at) => ms - (loadMs[at] ?? 0))),
  };
}

const online =
  (cpu: number, on: 0 | 1): (() => void) =>
  () =>
    writeFileSync(`${CPUS}/cpu${cpu}/online`, String(on));

export const cpuHotplug: Scenario = (stage) => {
  // Attaching takes an emulated machine many seconds: here they count rounds.
  const rounds = stage.seconds(3);
  const last = stage.cpus - 1;
  stage.atEnd(online(last, 1));
  return switched(stage, Array.from({ length: rounds }, () => [online(last, 0), online(last, 1)]).flat());
};

/** The second threads of all cores off, and on again. Only where there are such. */
export const smtSiblings: Scenario = async (stage) => {
  const control = `${CPUS}/smt/control`;
  const is = existsSync(control) ? readFileSync(control, 'utf8').trim() : 'absent';
  if (is !== 'on') return { skipped: `smt/control is ${is}` };
  const set = (to: string) => (): void => writeFileSync(control, to);
  stage.atEnd(set('on'));
  return switched(stage, [set('off'), set('on')]);
};
