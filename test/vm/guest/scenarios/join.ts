// SPDX-License-Identifier: Apache-2.0
/** Strategies by label, from the node API to the kernel, on a machine with many containers. */
import { readdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sys } from '@gthulhu/bpf';
import type { Explanation } from '@gthulhu/contracts';
import { Cgroup } from '../cgroups.ts';
import { Births } from '../hosts.ts';
import { kernelView } from '../kernel.ts';
import { ask, freshState, getToken, post, sections, startAgent } from '../node-api.ts';
import type { Scenario, Stage } from '../stage.ts';
import { openTaskPolicy } from '../task-policy.ts';
import { until } from '../until.ts';

const CONTAINERS = 1_000;
const STRATEGIES = 200;
const CHANGES = 100;
/** Of all strategies at once. */
const LISTS = 10;
const BIRTHS = 50;
/** By name, and as many by slice. */
const SCOPES = 100;
const LINE_LIMIT_MS = 60_000;
const GIVE_UP_MS = 20_000;
/** The kernel says when it was: whoever looks often only makes it later. */
const LOOK_MS = 25;
/** Of the tasks that are watched: so soon after a change they are queued again. */
const WAKES_EVERY_US = 2_000;
const PIN_PATH = '/sys/fs/bpf/gthulhu';
const POD_UID = '20da609e_6973_4463_a1f9_2db9bcc5becc';
const NONE = -1;

const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * part) - 1] ?? NONE;

const idOf = (index: number): string => index.toString(16).padStart(12, '0').padEnd(64, 'a');
const labelOf = (index: number) => ({ selectors: [{ key: 'container', value: idOf(index).slice(0, 12) }] });

/** Empty ones, as docker names them, but for the first. */
function makeContainers(stage: Stage): Cgroup[] {
  const slice = new Cgroup('system.slice');
  const made = Array.from({ length: CONTAINERS }, (_, index) => slice.below(`docker-${idOf(index)}.scope`));
  stage.atEnd(() => {
    for (const cgroup of made) {
      try {
        cgroup.remove();
      } catch {
        // Somebody still ends in there.
      }
    }
  });
  return made;
}

async function births(stage: Stage, home: Cgroup): Promise<Births> {
  const made = new Births(WAKES_EVERY_US);
  stage.atEnd(() => made.program.signal('SIGKILL'));
  await made.ready();
  home.take(made.pid);
  return made;
}

export const workloadStrategies: Scenario = async (stage) => {
  await stage.alone();
  freshState();
  const containers = makeContainers(stage);
  const agent = await startAgent(stage);
  const known = agent.lines.find((line) => line.includes('workloads:')) ?? '';
  stage.atEnd(() => {
    for (const name of readdirSync(PIN_PATH)) rmSync(`${PIN_PATH}/${name}`);
  });
  const scheduler = await stage
    .launch({ config: { pin: true, statsIntervalSeconds: 10 }, sections: sections({ interval: 2 }) })
    .started();
  await scheduler.program.line((line) => line.includes('Initial scheduling strategies fetched'), LINE_LIMIT_MS);
  const token = await getToken();
  const explain = async (pid: number): Promise<Explanation> => {
    const answer = await ask(token, 'GET', `/api/v1/explain?pid=${pid}`);
    return (answer as { data: Explanation }).data;
  };
  const inside = await births(stage, containers[0]);
  const before = kernelView();
  const values: Record<string, number> = { workloads: Number(/workloads: (\d+)/.exec(known)?.[1] ?? NONE) };

  const others = Array.from({ length: STRATEGIES - 2 }, (_, index) => ({ ...labelOf(index + 1), priority: 12 }));
  const ofPods = { selectors: [{ key: 'runtime', value: 'cri-o' }], priority: 6 };
  // It wakes every 5 ms, and is scheduled anew each time.
  const watched = await inside.fork();
  const policy = openTaskPolicy(watched.pid);
  stage.atEnd(() => policy.close());

  await post(token, [...others, ofPods, { ...labelOf(0), priority: 12 }]);
  const { strategies } = (await ask(token, 'GET', '/api/v1/scheduling/strategies')) as { strategies: { id: string }[] };
  const path = `/api/v1/scheduling/strategies/${strategies[strategies.length - 1].id}`;
  const one = (strategy: object): Promise<unknown> => ask(token, 'PUT', path, strategy);
  const all = (strategy: object): Promise<unknown> => post(token, [...others, ofPods, strategy]);

  /** ms from the start of a request until a task in the container is scheduled by the new strategy. */
  async function change(round: number, send: (strategy: object) => Promise<unknown>): Promise<number> {
    const priority = 10 + (round % 10);
    const sliceNs = 1_000_000 + round * 1000;
    const start = sys.monotonicNs();
    const sent = send({ ...labelOf(0), priority, execution_time: sliceNs });
    const there = await until(
      `change ${round} to priority ${priority}, slice ${sliceNs} ns`,
      GIVE_UP_MS,
      LOOK_MS,
      () => {
        const now = policy.read();
        return now?.priority === priority && now.sliceNs === sliceNs ? now.sinceNs : null;
      },
      () => [policy.read(), values],
    );
    await sent;
    return (there - start) / 1e6;
  }
  // The first ones pay for code that was never run before: they are told apart.
  const cold: number[] = [];
  for (let round = 0; round < 10; round++) cold.push(await change(round, one));
  values.coldMaxMs = Math.max(...cold);
  const times: number[] = [];
  for (let round = 0; round < CHANGES; round++) {
    await sleep(20);
    times.push(await change(10 + round, one));
  }
  values.changes = times.length;
  values.postP50Ms = percentile(times, 0.5);
  values.postP99Ms = percentile(times, 0.99);
  values.postMaxMs = Math.max(...times);
  const lists: number[] = [];
  for (let round = 0; round < LISTS; round++) lists.push(await change(1000 + round, all));
  values.listP50Ms = percentile(lists, 0.5);
  values.listMaxMs = Math.max(...lists);

  const there = await explain(watched.pid);
  values.agrees = Number(there.agree);
  values.byCgroup = Number(there.kernel?.entryCgroup === containers[0].id && there.kernel.source === 'cgroup');
  values.named = Number(there.matching.strategyId === there.kernel?.strategyId && there.matching.strategyId !== null);

  // A pod that comes after the strategy; a process of its next container has it before its first instruction.
  const pod = new Cgroup('kubepods.slice', 'kubepods-burstable.slice', `kubepods-burstable-pod${POD_UID}.slice`);
  // Cgroups alone tell of a pod's runtime, its label here, with its first container.
  const start = performance.now();
  const probeHome = await births(stage, pod.below(`crio-${'b'.repeat(64)}.scope`));
  const probe = await probeHome.fork();
  let last: unknown = null;
  const kernelHas = (pid: number, holds: (kernel: NonNullable<Explanation['kernel']>) => boolean, what: string) =>
    until(
      what,
      GIVE_UP_MS,
      LOOK_MS,
      async () => {
        last = await explain(pid);
        const { kernel } = last as Explanation;
        return kernel !== null && kernel.sinceNs !== null && holds(kernel) ? kernel.sinceNs : null;
      },
      () => [last, values],
    );
  await kernelHas(probe.pid, ({ priority }) => priority === 6, 'the strategy of the pod in the kernel');
  values.podMs = performance.now() - start;
  const late = pod.below(`crio-${'c'.repeat(64)}.scope`);
  const first = await inside.into(late.path);
  const firstTask = await explain(first.pid);
  values.first = firstTask.kernel?.priority ?? NONE;
  values.firstAtOnce = Number((firstTask.kernel?.sinceNs ?? Number.POSITIVE_INFINITY) <= first.firstNs);
  values.firstAgrees = Number(firstTask.agree);

  // By command, in that container only.
  const command = { ...labelOf(0), command_regex: '^wanted-', priority: 3 };
  await ask(token, 'POST', '/api/v1/strategies', command);
  const delays: number[] = [];
  for (let round = 0; round < 5 + BIRTHS; round++) {
    const { pid, firstNs } = await inside.fork(`wanted-${round}`);
    await sleep(LOOK_MS);
    const sinceNs = await kernelHas(pid, ({ priority }) => priority === 3, `the strategy for command ${round}`);
    if (round >= 5) delays.push(Math.max(0, (sinceNs - firstNs) / 1e6));
    process.kill(pid, 'SIGKILL');
  }
  values.commandP50Ms = percentile(delays, 0.5);
  values.commandP99Ms = percentile(delays, 0.99);
  const unnamed = await inside.fork();
  values.unnamed = Number((await explain(unnamed.pid)).kernel?.priority !== 3);

  // By the name of a unit that comes later, and by the slice that such units come in.
  const batch = new Cgroup('batch.slice');
  const ofUnits = Array.from({ length: SCOPES }, (_, round) => ({
    selectors: [{ key: 'unit', value: `job-${round}.scope` }],
    priority: 7,
  }));
  await post(token, [
    ...others.slice(SCOPES),
    ...ofUnits,
    ofPods,
    { selectors: [{ key: 'slice', value: 'batch.slice' }], priority: 8 },
  ]);
  await kernelHas(watched.pid, ({ source }) => source === 'none', 'the rules without one for the first container');
  const scopes = async (key: string, where: Cgroup, unit: string, priority: number): Promise<void> => {
    const delays: number[] = [];
    for (let round = 0; round < SCOPES; round++) {
      await sleep(20);
      const scope = `${where.path}/${unit}-${round}.scope`;
      const { pid, firstNs } = await inside.scope(scope);
      await sleep(LOOK_MS);
      const sinceNs = await kernelHas(pid, (kernel) => kernel.priority === priority, `the strategy for ${scope}`);
      delays.push(Math.max(0, (sinceNs - firstNs) / 1e6));
      process.kill(pid, 'SIGKILL');
    }
    values[`${key}P50Ms`] = percentile(delays, 0.5);
    values[`${key}P99Ms`] = percentile(delays, 0.99);
    values[`${key}MaxMs`] = Math.max(...delays);
  };
  await scopes('scopeByName', new Cgroup('system.slice'), 'job', 7);
  await scopes('scopeBySlice', batch, 'run', 8);

  // A strategy about every command of the machine passes our own processes by, which nobody has put into a unit.
  const service = new Cgroup('system.slice').below('sshd.service');
  const ofTheService = { selectors: [{ key: 'unit', value: 'sshd.service' }], priority: 4 };
  await post(token, [{ command_regex: '.*', priority: 3 }, ofTheService]);
  await kernelHas(watched.pid, ({ priority }) => priority === 3, 'the strategy about everybody');
  values.everybodyElse = (await explain(watched.pid)).kernel?.priority ?? NONE;
  const own = await Promise.all([agent.pid, scheduler.program.pid].map((pid) => explain(pid)));
  values.ownProtected = own.filter(({ matching }) => matching.protectedBy !== null).length;
  values.ownEntries = own.filter(({ kernel }) => kernel?.source !== 'none').length;
  // Nor does it come to a name of the list, or to a unit of it, which a strategy names.
  const untouched = ({ matching, kernel }: Explanation): boolean =>
    matching.protectedBy !== null && kernel !== null && kernel.priority === null && kernel.sliceNs === 0;
  const daemons = [await inside.fork('sshd'), await (await births(stage, service)).fork()];
  for (const { pid } of daemons)
    await until('nothing for a daemon', GIVE_UP_MS, LOOK_MS, async () => untouched(await explain(pid)) || null);
  // It takes what its command has where it is looked at for the first time, if it ever does.
  await sleep(500);
  values.daemonsTouched = (await Promise.all(daemons.map(({ pid }) => explain(pid)))).filter(
    (e) => !untouched(e),
  ).length;

  // Without strategies nobody has one.
  await ask(token, 'DELETE', '/api/v1/scheduling/strategies');
  await kernelHas(watched.pid, ({ source }) => source === 'none', 'no strategy in the kernel');
  values.leftAgrees = Number((await explain(watched.pid)).agree);
  return { before, after: kernelView(), values };
};
