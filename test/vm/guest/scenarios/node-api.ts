// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sys } from '@gthulhu/bpf';
import { Births } from '../hosts.ts';
import { kernelView } from '../kernel.ts';
import { freshState, getToken, PORT, post, StreamCutter, sections, startAgent } from '../node-api.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Scenario, Stage } from '../stage.ts';
import { openTaskPolicy } from '../task-policy.ts';
import { until } from '../until.ts';

const LINE_LIMIT_MS = 60_000;
/** Emulated, a look costs a good part of a millisecond. The kernel says when it was, so nobody has to look often. */
const LOOK_MS = 25;
/** Of the task that is watched: so soon after a change it is queued again. */
const WAKES_EVERY_US = 2_000;
const CHANGES = 200;
const CHANGES_WITHOUT_STREAM = 5;
const INTERVAL_SECONDS = 2;
const PROXY_PORT = PORT + 1;
const PIN_PATH = '/sys/fs/bpf/gthulhu';
const NAME = 'api-watched';

const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * part) - 1];

const says =
  (words: string) =>
  (line: string): boolean =>
    line.includes(words);

/** Pinned, so that the test can look into its maps. */
function removePins(stage: Stage): void {
  stage.atEnd(() => {
    for (const name of readdirSync(PIN_PATH)) rmSync(`${PIN_PATH}/${name}`);
  });
}

/**
 * From the start of a POST until a task that it is about is queued by the new strategy, as the kernel noted it. Afterwards
 * with a proxy that lets no stream live.
 */
export const apiLatency: Scenario = async (stage) => {
  await stage.alone();
  freshState();
  await startAgent(stage);
  const proxy = new StreamCutter();
  await proxy.listen(stage, PROXY_PORT);
  removePins(stage);
  const api = { url: `http://127.0.0.1:${PROXY_PORT}`, interval: INTERVAL_SECONDS };
  const scheduler = await stage
    .launch({ config: { pin: true, statsIntervalSeconds: 10 }, sections: sections(api) })
    .started();
  await scheduler.program.line(says('Initial scheduling strategies fetched'), LINE_LIMIT_MS);
  const token = await getToken();
  const births = new Births(WAKES_EVERY_US);
  stage.atEnd(() => births.program.signal('SIGKILL'));
  await births.ready();
  const policy = openTaskPolicy((await births.fork(NAME)).pid);
  stage.atEnd(() => policy.close());

  /** ms from the start of the POST and from its answer until a task is queued by it */
  async function change(round: number): Promise<{ fromPostMs: number; fromAnswerMs: number }> {
    const priority = 10 + (round % 10);
    const sliceNs = 1_000_000 + round * 1000;
    const start = sys.monotonicNs();
    let answered = Number.NaN;
    const posted = post(token, [{ command_regex: `^${NAME}$`, priority, execution_time: sliceNs }]).then(() => {
      answered = sys.monotonicNs();
    });
    const there = await until(`change ${round} in the kernel`, LINE_LIMIT_MS, LOOK_MS, () => {
      const now = policy.read();
      return now?.priority === priority && now.sliceNs === sliceNs ? now.sinceNs : null;
    });
    await posted;
    return { fromPostMs: (there - start) / 1e6, fromAnswerMs: Math.max(0, there - answered) / 1e6 };
  }

  const before = kernelView();
  const times: { fromPostMs: number; fromAnswerMs: number }[] = [];
  // The first ones pay for code that is compiled while it gets hot, on the one thread there is: here that is up to 0.2 s
  // at once. They are told apart.
  const cold: number[] = [];
  for (let round = 0; round < CHANGES; round++) {
    await sleep(20);
    cold.push((await change(round)).fromPostMs);
  }
  const start = performance.now();
  const cpu = process.cpuUsage();
  for (let round = 0; round < CHANGES; round++) {
    await sleep(20);
    times.push(await change(CHANGES + round));
  }
  const { user, system } = process.cpuUsage(cpu);
  const lookingPercent = (user + system) / 10 / (performance.now() - start);
  proxy.cutStreams();
  const polled: number[] = [];
  for (let round = 0; round < CHANGES_WITHOUT_STREAM; round++) {
    await sleep(300);
    polled.push((await change(1000 + round)).fromPostMs);
  }
  return {
    before,
    after: kernelView(),
    values: {
      changes: times.length,
      lookingPercent,
      coldP90Ms: percentile(cold, 0.9),
      coldP99Ms: percentile(cold, 0.99),
      coldMaxMs: Math.max(...cold),
      postP50Ms: percentile(
        times.map(({ fromPostMs }) => fromPostMs),
        0.5,
      ),
      postP90Ms: percentile(
        times.map(({ fromPostMs }) => fromPostMs),
        0.9,
      ),
      postMaxMs: Math.max(...times.map(({ fromPostMs }) => fromPostMs)),
      postP99Ms: percentile(
        times.map(({ fromPostMs }) => fromPostMs),
        0.99,
      ),
      answerP99Ms: percentile(
        times.map(({ fromAnswerMs }) => fromAnswerMs),
        0.99,
      ),
      polledMaxMs: Math.max(...polled),
      intervalMs: INTERVAL_SECONDS * 1000,
      streamsCut: proxy.streamsCut,
    },
  };
};

/** What /proc says about the BPF maps that a process holds, as `type fd`. */
function mapsOfProcess(pid: number): Set<string> {
  const found = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    if (!readlinkSync(`/proc/${pid}/fd/${fd}`).includes('bpf-map')) continue;
    const type = /^map_type:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))?.[1];
    found.add(`${type} ${fd}`);
  }
  return found;
}

/** Numbers of include/uapi/linux/bpf.h, for the kinds that the scheduler has. */
const MAP_TYPES: Readonly<Record<string, number>> = {
  BPF_MAP_TYPE_HASH: 1,
  BPF_MAP_TYPE_ARRAY: 2,
  BPF_MAP_TYPE_PERCPU_ARRAY: 6,
  BPF_MAP_TYPE_LRU_HASH: 9,
  BPF_MAP_TYPE_STRUCT_OPS: 26,
  BPF_MAP_TYPE_RINGBUF: 27,
  BPF_MAP_TYPE_TASK_STORAGE: 29,
  BPF_MAP_TYPE_USER_RINGBUF: 31,
  BPF_MAP_TYPE_CGRP_STORAGE: 32,
};

/** Lines `map:` of which /proc knows no such map. */
function wrongMapLines(scheduler: Scheduler): { told: number; wrong: number } {
  const held = mapsOfProcess(scheduler.program.pid);
  const told = scheduler.program.lines.flatMap((line) => {
    const match = /^map: \S+, type: (\w+), fd: (\d+)$/.exec(line);
    return match === null ? [] : [`${MAP_TYPES[match[1]]} ${match[2]}`];
  });
  return { told: told.length, wrong: told.filter((map) => !held.has(map)).length };
}

/** The API is away when the scheduler starts, comes, hands out strategies, is away again and comes back. */
export const apiLog: Scenario = async (stage) => {
  await stage.alone();
  freshState();
  const scheduler = await stage
    .launch({
      logFormat: 'plain',
      config: { statsIntervalSeconds: 10, timeoutMs: 30_000, opinionBudgetPercent: 1 },
      sections: sections({ interval: 5 }),
    })
    .started();
  const maps = wrongMapLines(scheduler);
  const { program } = scheduler;
  await program.line(says('Failed to send metrics'), LINE_LIMIT_MS);
  const first = await startAgent(stage);
  await program.line(says('Successfully sent metrics'), LINE_LIMIT_MS);
  const token = await getToken();
  await post(
    token,
    ['^web', '^db', 'backup|rsync', '^nr-gnb'].map((regex, i) => ({ command_regex: regex, priority: i + 1 })),
  );
  await program.line(says('Updated strategy map with 4 strategies'), LINE_LIMIT_MS);
  const from = program.lines.length;
  first.kill();
  await program.line(says('Failed to fetch scheduling strategies'), LINE_LIMIT_MS, from);
  await startAgent(stage);
  await program.line(says('Scheduling strategies updated: 4 strategies'), LINE_LIMIT_MS, from);
  await program.line(says('Successfully sent metrics'), LINE_LIMIT_MS, program.lines.length);
  const code = await scheduler.stop();
  return {
    exits: [{ code, log: program.lines.join('\n') }],
    values: { mapsTold: maps.told, mapsWrong: maps.wrong },
  };
};

/** Under load the policy decides, and what it decided starts in the order that it wished for. */
export const userDispatches: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  await stage.hogs(4 * stage.cpus);
  await sleep(1000);
  scheduler.mark();
  await sleep(stage.seconds(5) * 1000);
  const { counters } = await scheduler.counters();
  return { after: kernelView(), ...(counters === undefined ? {} : { counters }) };
};
