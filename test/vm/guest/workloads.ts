// SPDX-License-Identifier: Apache-2.0
/** Workloads by the kernel's events, on a tree of cgroups in the shape of a pod's; prints what was seen as JSON. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  cgroupIdOf,
  createCgroupsProvider,
  findCgroupMounts,
  openCgroupEvents,
  openPlacedTasks,
  type PlacedTask,
  readTask,
} from '@gthulhu/workloads';

const [objectPath, intoCgroup] = process.argv.slice(2);
const UID = '20da609e-6973-4463-a1f9-2db9bcc5becc';
const ID = '10ec3c89629f71226b227e6510b2d465168b24005bbdcc5d7940517080830635';
const { unified } = findCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
const ROOT = `${unified}/kubepods.slice`;
const POD = `${ROOT}/kubepods-burstable.slice/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;
const CONTAINER = `${POD}/cri-containerd-${ID}.scope`;
const GIVE_UP_MS = 60_000;

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (const end = performance.now() + GIVE_UP_MS; performance.now() < end; await setTimeout(20)) {
    const found = look();
    if (found !== undefined) return found;
  }
  throw new Error(`nothing was heard of ${what}`);
}

const ending = new AbortController();
// Slow passes do not help: what is told comes from events.
const provider = createCgroupsProvider({ openEvents: () => openCgroupEvents(objectPath), passEveryMs: 1e9 });
await provider.start(ending.signal);
const health = provider.health();
const placed = openPlacedTasks(objectPath);

mkdirSync(POD, { recursive: true });
const atMkdir = await until('the pod', () => provider.workloads().find(({ uid }) => uid === UID));
mkdirSync(CONTAINER);
const withContainer = await until('the container', () =>
  provider.workloads().find(({ uid, containers }) => uid === UID && containers.length === 1),
);
const cgroupId = cgroupIdOf(CONTAINER);

const tasks: PlacedTask[] = [];
const take = (): void => {
  tasks.push(...placed.drain().filter((task) => task.cgroupId === cgroupId));
};
const born = spawn(intoCgroup, [CONTAINER, 'sleep', '300'], { stdio: ['ignore', 'pipe', 'inherit'] });
const bornPid = await new Promise<number>((resolve) => born.stdout.once('data', (text) => resolve(Number(text))));
await until('the program', () => {
  take();
  return tasks.find(({ kind, pid }) => kind === 'exec' && pid === bornPid);
});
// What it answers is its own: the exec is over, and is no event of the container.
const moved = spawn('cat');
moved.stdin.write('there\n');
await new Promise((resolve) => moved.stdout.once('data', resolve));
writeFileSync(`${CONTAINER}/cgroup.procs`, `${moved.pid}`);
await until('the move', () => {
  take();
  return tasks.find(({ kind, pid }) => kind === 'attach' && pid === moved.pid);
});
const inKernel = readTask(bornPid)?.cgroupPath;

writeFileSync(`${CONTAINER}/cgroup.kill`, '1');
for (const child of [born, moved]) await new Promise((resolve) => child.once('exit', resolve));
for (const folder of [CONTAINER, POD, dirname(POD), ROOT]) rmdirSync(folder);
await until('the end of the pod', () => (provider.workloads().some(({ uid }) => uid === UID) ? undefined : true));

process.stdout.write(
  `${JSON.stringify({
    health,
    atMkdir: atMkdir.containers.length,
    container: withContainer.containers[0],
    cgroupId,
    bornKinds: tasks.filter(({ pid }) => pid === bornPid).map(({ kind }) => kind),
    movedKinds: tasks.filter(({ pid }) => pid === moved.pid).map(({ kind }) => kind),
    inKernel,
    repairs: provider.health().repairs,
    lost: placed.lost,
  })}\n`,
);
placed.close();
ending.abort();
