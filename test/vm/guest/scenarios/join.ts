// SPDX-License-Identifier: Apache-2.0
/** Strategies by label, from the node API to the kernel, on a machine with many containers. */
import { readdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Explanation } from '@gthulhu/contracts';
import { Cgroup } from '../cgroups.ts';
import { Births } from '../hosts.ts';
import { kernelView } from '../kernel.ts';
import { ask, freshState, getToken, post, sections, startAgent } from '../node-api.ts';
import type { Scenario, Stage } from '../stage.ts';
import { openTaskPolicy } from '../task-policy.ts';

const CONTAINERS = 1_000;
const STRATEGIES = 200;
const CHANGES = 100;
/** Of all strategies at once. */
const LISTS = 10;
const BIRTHS = 50;
const LINE_LIMIT_MS = 60_000;
const GIVE_UP_MS = 20_000;
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
  const made = new Births();
  stage.atEnd(() => made.program.signal('SIGKILL'));
  await made.ready();
  home.take(made.pid);
  return made;
}

async function until<T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> {
  for (const start = performance.now(); performance.now() - start < GIVE_UP_MS; await sleep(1)) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error(`${what} never came`);
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
  const policy = openTaskPolicy(watched.pid, 'settled');
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
    const start = performance.now();
    const sent = send({ ...labelOf(0), priority, execution_time: sliceNs });
    await until(`change ${round}`, () => {
      const now = policy.read();
      return now?.priority === priority && now.sliceNs === sliceNs ? now : null;
    }).catch(async (error: Error) => {
      const there = { kernel: policy.read(), explained: await explain(watched.pid) };
      throw new Error(`${error.message}: ${JSON.stringify(there)}`);
    });
    const ms = performance.now() - start;
    await sent;
    return ms;
  }
  // The first ones pay for code that was never run before.
  for (let round = 0; round < 10; round++) await change(round, one);
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
  await until('the strategy of the pod', async () => {
    last = await explain(probe.pid);
    return (last as Explanation).kernel?.priority === 6 ? true : null;
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(last)} after ${JSON.stringify(values)}`);
  });
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
    const sinceNs = await until('the strategy for the command', async () => {
      const { kernel } = await explain(pid);
      return kernel?.priority === 3 ? kernel.sinceNs : null;
    });
    if (round >= 5) delays.push(Math.max(0, (sinceNs - firstNs) / 1e6));
    process.kill(pid, 'SIGKILL');
  }
  values.commandP50Ms = percentile(delays, 0.5);
  values.commandP99Ms = percentile(delays, 0.99);
  const unnamed = await inside.fork();
  values.unnamed = Number((await explain(unnamed.pid)).kernel?.priority !== 3);

  // Without strategies nobody has one.
  await ask(token, 'DELETE', '/api/v1/scheduling/strategies');
  await until('the end', async () => ((await explain(watched.pid)).kernel?.source === 'none' ? true : null));
  values.leftAgrees = Number((await explain(watched.pid)).agree);
  return { before, after: kernelView(), values };
};
