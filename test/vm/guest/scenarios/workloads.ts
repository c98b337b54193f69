// SPDX-License-Identifier: Apache-2.0
/** Strategies for cgroups, and for commands in them, on a tree as Kubernetes has it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeRule } from '@gthulhu/contracts';
import { Cgroup, ROOT_CGROUP } from '../cgroups.ts';
import { type Birth, Births, type Explained, RuleHost } from '../hosts.ts';
import { kernelView } from '../kernel.ts';
import type { Scenario, Stage } from '../stage.ts';
import type { Hog } from '../tasks.ts';

/** Tasks of births.c wake every 5 ms: by then each has been queued again. */
const SETTLE_MS = 100;
/** Numbers of values for what is no number. */
const NONE = -1;

async function startHost(stage: Stage): Promise<RuleHost> {
  await stage.alone();
  const host = new RuleHost(stage.request.object);
  stage.atEnd(() => host.program.signal('SIGKILL'));
  return host.ready();
}

async function startBirths(stage: Stage, home: Cgroup): Promise<Births> {
  const births = new Births();
  stage.atEnd(() => births.program.signal('SIGKILL'));
  await births.ready();
  home.take(births.pid);
  return births;
}

let trees = 0;

/** A pod with two containers, and one of them with a cgroup of its own making. */
function makePod(): { pod: Cgroup; first: Cgroup; second: Cgroup; inner: Cgroup } {
  const pod = new Cgroup('kubepods.slice', 'kubepods-burstable.slice', `kubepods-burstable-pod${++trees}.slice`);
  const first = pod.below('cri-containerd-1.scope');
  return { pod, first, second: pod.below('cri-containerd-2.scope'), inner: first.below('inner') };
}

const priorityOf = (task: Explained | null): number => task?.priority ?? NONE;

/** Whether what applies to a task had been settled before its first instruction. */
function fromTheStart(task: Explained | null, birth: Birth): number {
  return Number(task !== null && task.sinceNs !== null && task.sinceNs <= birth.firstNs);
}

const threadsOf = (pid: number): number[] => readdirSync(`/proc/${pid}/task`).map(Number);

/** How many threads of a process have that priority, in force. */
async function threadsWith(host: RuleHost, births: Births, priority: number): Promise<number> {
  await settle(births);
  const tasks = await Promise.all(threadsOf(births.pid).map((tid) => host.explain(tid)));
  return tasks.filter((task) => priorityOf(task) === priority && task?.sinceNs !== null).length;
}

/** Everybody has been queued since; those that wait for a command only when they get one. */
async function settle(...waiting: readonly Births[]): Promise<void> {
  for (const births of waiting) await births.rename('settled');
  await sleep(SETTLE_MS);
}

/** Threads of the kernel, by the numbers of their processes. */
function kernelThreads(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`).length === 0 && readFileSync(`/proc/${pid}/maps`).length === 0;
      } catch {
        return false;
      }
    });
}

export const cgroupPolicies: Scenario = async (stage) => {
  const host = await startHost(stage);
  const before = kernelView();
  const { pod, first, second, inner } = makePod();
  const births = await startBirths(stage, first);
  const values: Record<string, number> = {};
  await births.thread();
  const outside = await startBirths(stage, ROOT_CGROUP);

  const enforced = await host.enforce([
    { id: 'of-the-pod', priority: 5, sliceNs: 2_000_000, cgroups: [pod.id] },
    { id: 'of-a-container', priority: 12, cgroups: [first.id] },
  ]);
  values.enforceMs = enforced.ms ?? NONE;
  await settle();
  const there = await host.explain(births.pid);
  values.container = priorityOf(there);
  values.named = Number(there?.strategyId === 'of-a-container' && there.entryCgroup === first.id);
  values.levels = Number(there?.cgroups[0] === first.id && there.cgroups[1] === pod.id);
  values.bothThreads = await threadsWith(host, births, 12);
  values.outside = priorityOf(await host.explain(outside.pid));

  const forked = await births.fork();
  values.forked = priorityOf(await host.explain(forked.pid));
  values.forkedAtOnce = fromTheStart(await host.explain(forked.pid), forked);
  const cloned = await births.into(second.path);
  const clonedTask = await host.explain(cloned.pid);
  values.cloned = priorityOf(clonedTask);
  values.clonedSliceUs = (clonedTask?.sliceNs ?? 0) / 1000;
  values.clonedAtOnce = fromTheStart(clonedTask, cloned);
  const fromOutside = await outside.into(inner.path);
  values.inner = priorityOf(await host.explain(fromOutside.pid));
  values.innerAtOnce = fromTheStart(await host.explain(fromOutside.pid), fromOutside);

  second.take(births.pid);
  values.movedThreads = await threadsWith(host, births, 5);
  values.leftBehind = priorityOf(await host.explain(forked.pid));
  ROOT_CGROUP.take(births.pid);
  values.movedOut = await threadsWith(host, births, NONE);
  first.take(births.pid);

  // Units that nobody has seen yet, by their names; what is said about the cgroup itself goes before that.
  const system = new Cgroup('system.slice');
  const slice = `batch${trees}.slice`;
  const batch = new Cgroup(slice);
  const job = `job-${trees}.scope`;
  await host.enforce([
    { id: 'by-id', priority: 9, cgroups: [pod.id] },
    { id: 'by-name', priority: 7, cgroups: [], units: [{ slice: '', name: job }] },
    { id: 'of-the-slice', priority: 8, cgroups: [], units: [{ slice, name: '', except: ['kept-'] }] },
  ]);
  const unitBirth = async (where: Cgroup, name: string): Promise<{ birth: Birth; task: Explained | null }> => {
    const birth = await outside.scope(`${where.path}/${name}`);
    return { birth, task: await host.explain(birth.pid) };
  };
  const byName = await unitBirth(system, job);
  values.unitByName = priorityOf(byName.task);
  values.unitNamed = Number(byName.task?.strategyId === 'by-name');
  // It is settled when it is queued, or at the next tick of its turn: also before it gets to telling the time.
  const { task: unit, birth } = byName;
  values.unitMs = unit?.sinceNs == null ? NONE : Math.max(0, unit.sinceNs - birth.firstNs) / 1e6;
  const bySlice = await unitBirth(batch, 'run-1.scope');
  values.unitBySlice = priorityOf(bySlice.task);
  values.unitInside = priorityOf((await unitBirth(batch.below('run-1.scope'), 'inner')).task);
  const strangers = [
    [batch, 'run-1.service'],
    [batch, 'kept-1.scope'],
    [system, `other-${trees}.scope`],
    [batch.below(`batch${trees}-sub.slice`), 'run-1.scope'],
    [ROOT_CGROUP, job],
    [system.below(`docker-${trees}.scope`).below(slice), job],
  ] as const;
  const found = [];
  for (const [where, name] of strangers) found.push(await unitBirth(where, name));
  values.unitStrangers = found.filter(({ task }) => task === null || task.source !== 'none').length;
  // What somebody in a container calls by such a name is a part of the container.
  values.unitInPod = priorityOf((await unitBirth(second.below(slice), job)).task);

  // The whole machine, as far as it is not the kernel's and not ours.
  await host.enforce([{ priority: 3, cgroups: [ROOT_CGROUP.id] }]);
  await sleep(SETTLE_MS);
  values.everybody = priorityOf(await host.explain(outside.pid));
  const kernels = await Promise.all(kernelThreads().map((pid) => host.explain(pid)));
  values.kernelThreads = kernels.filter((task) => task?.exempt).length;
  values.kernelThreadsTouched = kernels.filter((task) => task !== null && task.source !== 'none').length;
  const own = await host.explain(host.program.pid);
  values.ownTouched = Number(own?.exempt !== true || own.source !== 'none');

  const refused = await host.enforce([
    { priority: 1, cgroups: [first.id] },
    { priority: 1, commandRegex: '(' },
  ]);
  values.refused = Number(/is not an RE2 expression/.test(refused.error ?? ''));
  values.afterRefusal = priorityOf(await host.explain(births.pid));

  await host.enforce([]);
  await settle(births, outside);
  const units = [byName, bySlice].map(({ birth }) => birth.pid);
  const everyone = [births.pid, forked.pid, cloned.pid, fromOutside.pid, outside.pid, ...units];
  const left = await Promise.all(everyone.map((pid) => host.explain(pid)));
  values.left = left.filter((task) => task === null || task.source !== 'none' || task.sinceNs === null).length;
  values.entriesLeft = (await host.counters()).entries;
  const after = kernelView();
  await host.stop();
  return { before, after, values };
};

/** Until `holds`, or for 10 s. Returns the ms it took; NONE where it never did. */
async function until(holds: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > 10_000) return NONE;
    await sleep(5);
  }
  return performance.now() - start;
}

export const commandPolicies: Scenario = async (stage) => {
  const host = await startHost(stage);
  const before = kernelView();
  const { pod, first, second } = makePod();
  const values: Record<string, number> = {};
  const inside = await startBirths(stage, first);
  const outside = await startBirths(stage, ROOT_CGROUP);
  // Its containers too: to look above them is what another scenario is about.
  const ofThePod = { id: 'of-the-pod', priority: 14, cgroups: [pod.id, first.id, second.id] };
  await host.enforce([
    { id: 'bound', priority: 2, commandRegex: '^web', cgroups: [pod.id] },
    ofThePod,
    { id: 'everywhere', priority: 16, commandRegex: '^(web|db)' },
  ]);

  const has = async (pid: number, priority: number): Promise<boolean> =>
    priorityOf(await host.explain(pid)) === priority;
  values.plain = priorityOf(await host.explain(inside.pid));
  const renamed = await inside.thread('web-worker');
  values.renamedMs = await until(() => has(renamed.pid, 2));
  // Weaker than the one for its pod.
  const weaker = await inside.fork('db');
  await sleep(SETTLE_MS);
  values.weaker = priorityOf(await host.explain(weaker.pid));
  const unbound = await outside.fork('web-server');
  values.unboundMs = await until(() => has(unbound.pid, 16));

  // Its number is given to somebody else, who is none of them.
  const victim = await outside.fork('web-victim');
  await until(() => has(victim.pid, 16));
  process.kill(victim.pid, 'SIGKILL');
  await until(async () => !existsSync(`/proc/${victim.pid}`));
  const successor = await outside.as(victim.pid, 'plain');
  await sleep(SETTLE_MS);
  values.successorHasTheNumber = Number(successor.pid === victim.pid);
  values.successor = priorityOf(await host.explain(successor.pid));

  await inside.rename('web-leader');
  values.leaderMs = await until(() => has(inside.pid, 2));
  const child = await inside.fork();
  const childTask = await host.explain(child.pid);
  values.child = priorityOf(childTask);
  values.childAtOnce = fromTheStart(childTask, child);

  // Born elsewhere, the strategy that is bound to the pod does not go with it, and that of every cgroup is found.
  const emigrant = await inside.into(ROOT_CGROUP.path);
  values.emigrant = Number(priorityOf(await host.explain(emigrant.pid)) !== 2);
  values.emigrantMs = await until(() => has(emigrant.pid, 16));
  // Born there, and named like one of those outside.
  await outside.rename('web-outside');
  const immigrant = await outside.into(second.path);
  values.immigrantMs = await until(() => has(immigrant.pid, 2));

  ROOT_CGROUP.take(inside.pid);
  values.movedOutAtOnce = Number(priorityOf(await host.explain(inside.pid)) !== 2);
  values.movedOutMs = await until(async () => (await has(inside.pid, 16)) && (await has(renamed.pid, 16)));
  second.take(inside.pid);
  values.movedInMs = await until(async () => (await has(inside.pid, 2)) && (await has(renamed.pid, 2)));

  // Without the rules about commands the one about the pod remains.
  await host.enforce([ofThePod]);
  values.podOnly = priorityOf(await host.explain(inside.pid));
  values.unboundOnly = priorityOf(await host.explain(unbound.pid));

  // A name alone decides: from the second time on the kernel knows it, until there are other rules.
  const rename = async (name: string, priority: number): Promise<number> => {
    await outside.rename(name);
    return until(() => has(outside.pid, priority));
  };
  const web = (priority: number): Partial<NodeRule>[] => [{ priority, commandRegex: '^web' }];
  const known = async (): Promise<number> => (await host.counters()).counters.nr_commands_known;
  await host.enforce(web(16));
  values.knownMs = Math.max(await rename('web-known', 16), await rename('plain', NONE));
  const knownBefore = await known();
  for (let round = 0; round < 50; round++)
    values.knownMs = Math.max(values.knownMs, await rename('web-known', 16), await rename('plain', NONE));
  values.known = (await known()) - knownBefore;
  // Born before anybody could have answered for the name that it inherits.
  const heir = await outside.heir('web-heir');
  values.heirMs = await until(() => has(heir.pid, 16));
  await host.enforce(web(12));
  values.anewMs = Math.max(await rename('web-known', 12), await rename('plain', NONE), await rename('web-known', 12));

  await host.enforce([]);
  await settle(inside, outside);
  const everyone = [inside, renamed, weaker, unbound, child, emigrant, immigrant, heir, outside];
  const left = await Promise.all(everyone.map(({ pid }) => host.explain(pid)));
  values.left = left.filter((task) => task === null || task.source !== 'none' || task.sinceNs === null).length;
  const after = kernelView();
  await host.stop();
  return { before, after, values };
};

/** The CPU that a task ran on last. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[36]);
}

/** All CPUs on which hogs were seen for a while. */
async function seenOn(hogs: readonly Hog[], seconds: number): Promise<Set<number>> {
  const seen = new Set<number>();
  for (let i = 0; i < seconds * 50; i++) {
    await sleep(20);
    for (const hog of hogs) seen.add(cpuOf(hog.program.pid));
  }
  return seen;
}

const affinityOf = (pid: number): string =>
  /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

/** A strategy that names CPUs: its tasks keep to them, its affinity stays, and without it they have all again. */
export const cpusOfStrategies: Scenario = async (stage) => {
  const host = await startHost(stage);
  const before = kernelView();
  const { pod, first, second } = makePod();
  const values: Record<string, number> = {};
  const last = stage.cpus - 1;
  const crowd = await stage.hogs(2 * stage.cpus, { name: 'crowd' });
  const rules = [{ id: 'narrow', cpus: `${last}`, cgroups: [pod.id] }];
  for (const { program } of crowd) first.take(program.pid);
  await host.enforce(rules);
  await sleep(500);
  values.crowdOn = (await seenOn(crowd, 1)).size;
  const reports = await stage.measure(crowd, stage.seconds(4));
  values.crowdOnLast = Number([...(await seenOn(crowd, 1))].join() === `${last}`);
  values.affinityKept = Number(affinityOf(crowd[0].program.pid) === (last > 0 ? `0-${last}` : '0'));
  values.restricted = Number((await host.explain(crowd[0].program.pid))?.restricted);

  // One whose affinity has none of them: the affinity counts.
  const bound = await stage.hogs(1, { name: 'bound', cpus: '0' });
  second.take(bound[0].program.pid);
  await sleep(500);
  values.boundOn = [...(await seenOn(bound, 0.5))].join() === '0' ? 0 : NONE;
  bound[0].end();

  await host.enforce([]);
  await sleep(1000);
  values.releasedOn = (await seenOn(crowd, 1)).size;
  for (const hog of crowd) hog.end();
  await sleep(500);

  // Alone on the machine, it never gives its CPU up by itself.
  const [lone] = await stage.hogs(1, { name: 'lone' });
  const was = cpuOf(lone.program.pid);
  const other = (was + 1) % stage.cpus;
  first.take(lone.program.pid);
  await host.enforce([{ id: 'alone', cpus: `${other}`, cgroups: [first.id] }]);
  await sleep(500);
  values.loneMoved = Number([...(await seenOn([lone], 1))].join() === `${other}`);
  const [loneReport] = await stage.measure([lone], 2);
  values.lonePercent = (100 * loneReport.cpuMs) / loneReport.wallMs;
  // Its wakeups find the CPU idle, and do not go elsewhere.
  lone.end();
  const sleeper = await stage.sleeper({ name: 'sleeper', periodUs: 10_000, workUs: 500 });
  first.take(sleeper.program.pid);
  await sleep(200);
  await sleeper.lap();
  const seen = new Set<number>();
  for (let i = 0; i < 50; i++) {
    await sleep(20);
    seen.add(cpuOf(sleeper.program.pid));
  }
  values.sleeperThere = Number([...seen].join() === `${other}`);
  const report = await sleeper.lap();
  const { counters } = await host.counters();
  const after = kernelView();
  await host.stop();
  return { before, after, hogs: [...reports, loneReport], sleepers: [report], counters, values };
};
