// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Measured } from '../../plan.ts';
import { kernelView } from '../kernel.ts';
import { FOLDER } from '../scheduler.ts';
import type { Scenario, Stage } from '../stage.ts';
import type { Hog, Sleeper } from '../tasks.ts';

const SHAPE = { periodUs: 10_000, workUs: 1000 };
const NOBODY = ['setpriv', '--reuid', '65534', '--clear-groups'];

/** Priority 0 for what is called web-*. */
async function withStrategies(stage: Stage): ReturnType<Stage['scheduler']> {
  mkdirSync(FOLDER, { recursive: true });
  const strategiesFile = `${FOLDER}/namespaces.yaml`;
  writeFileSync(strategiesFile, JSON.stringify({ strategies: [{ command_regex: '^web-', priority: 0 }] }));
  return stage.scheduler({ config: { strategiesFile } });
}

/** The sleepers and the hogs for a while, the sleepers by their names. */
async function measureAll(stage: Stage, sleepers: readonly Sleeper[], hogs: readonly Hog[]): Promise<Measured> {
  const before = kernelView();
  await Promise.all(sleepers.map((sleeper) => sleeper.lap()));
  const reports = await stage.measure(hogs, stage.seconds(5));
  return {
    before,
    after: kernelView(),
    hogs: reports,
    sleepers: await Promise.all(sleepers.map((sleeper) => sleeper.lap())),
  };
}

function interpreter(name: string, setuid: boolean): string {
  const path = `${FOLDER}/${name}`;
  rmSync(path, { force: true });
  if (setuid) copyFileSync('/usr/bin/perl', path);
  else symlinkSync('/usr/bin/perl', path);
  if (setuid) chmodSync(path, 0o4755);
  return path;
}

/** Programs that change who they are when they start: a strategy knows them all the same, and so do their children. */
export const execSetuid: Scenario = async (stage) => {
  const scheduler = await withStrategies(stage);
  const hogs = await stage.hogs(6 * stage.cpus);
  const plain = await stage.sleeper({ name: 'plain', ...SHAPE });
  const suid = await stage.sleeper({
    name: 'web-suid',
    interpreter: interpreter('web-suid', true),
    prefix: NOBODY,
    ...SHAPE,
  });
  // In and out again, as fast as it goes: each time the task's rights and its name change.
  const storm = stage.run(
    ...NOBODY,
    ...['/bin/sh', '-c', `while :; do ${interpreter('suid-once', true)} -e 'exit $> != 0' || echo failed; done`],
  );
  const child = await suid.fork();
  stage.atEnd(() => process.kill(child, 'SIGKILL'));
  await suid.lap(child);
  const measured = await measureAll(stage, [plain, suid], hogs);
  const forked = { ...(await suid.lap(child)), name: 'web-forked' };
  const status = readFileSync(`/proc/${suid.program.pid}/status`, 'utf8');
  const failed = storm.lines.length;
  storm.kill();
  return {
    ...measured,
    sleepers: [...(measured.sleepers ?? []), forked],
    values: { failed, crowd: 2, effectiveUid: Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? -1) },
    ...(await scheduler.counters()),
  };
};

function childOf(pid: number): number {
  for (const entry of readdirSync('/proc'))
    if (/^\d+$/.test(entry))
      try {
        if (readFileSync(`/proc/${entry}/status`, 'utf8').includes(`PPid:\t${pid}\n`)) return Number(entry);
      } catch {
        // it has just ended
      }
  throw new Error(`process ${pid} has no child`);
}

/** Load in user and pid namespaces, where pids are other numbers than the kernel's. */
export const userNamespaces: Scenario = async (stage) => {
  const scheduler = await withStrategies(stage);
  const outside = await stage.hogs(2 * stage.cpus, { name: 'outside' });
  const inUser = await stage.hogs(2 * stage.cpus, { name: 'in a user namespace', prefix: ['unshare', '-Ur'] });
  const plain = await stage.sleeper({ name: 'plain', prefix: ['unshare', '-Ur'], ...SHAPE });
  const web = await stage.sleeper({
    name: 'web-user',
    interpreter: interpreter('web-user', false),
    prefix: ['unshare', '-Ur'],
    ...SHAPE,
  });
  const inPid = await stage.hogs(2 * stage.cpus, {
    name: 'in a pid namespace',
    prefix: ['unshare', '-Urpf', '--kill-child'],
  });
  await sleep(100);
  const pids = inPid.map((hog) => childOf(hog.program.pid));
  await Promise.all(inPid.map((hog, i) => hog.lap(pids[i])));
  const measured = await measureAll(stage, [plain, web], [...outside, ...inUser]);
  const inPidReports = await Promise.all(inPid.map((hog, i) => hog.lap(pids[i])));
  return {
    ...measured,
    hogs: [...(measured.hogs ?? []), ...inPidReports],
    ...(await scheduler.counters()),
  };
};
