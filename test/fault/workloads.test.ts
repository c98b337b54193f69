// SPDX-License-Identifier: Apache-2.0
/** A real agent on cgroups of this machine that do what cgroups and processes should not. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type ExplanationAnswer,
  isProtecting,
  NODE_API_PATHS,
  type NodePolicies,
  PROTECTED_RULE_IDS,
  type PreviewAnswer,
  type WorkloadsAnswer,
} from '@gthulhu/contracts';
import { connectToNode, type NodeConnection } from '@gthulhu/scheduler';
import { cgroupIdOf } from '@gthulhu/workloads';
import { describeCgroups, type RealCgroups, realCgroups } from '@gthulhu/workloads/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AgentProcess, whyNoAgent } from './agent-process.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const COMMAND = fileURLToPath(new URL('../../bin/gthulhu', import.meta.url));
const WAIT_LIMIT_MS = 30_000;
/** Of the agent, whatever happens: three times what it has at rest would be a leak. */
const MOST_BYTES = 200e6;
const idOf = (index: number): string => index.toString(16).padStart(12, '0').padEnd(64, 'f');
/** Thirty that fork every 20 ms, for half a minute at most. */
const FORKS = `
  $SIG{CHLD} = 'IGNORE';
  my $end = time + 30;
  for (1..30) {
    next if fork;
    while (time < $end) { if (!fork) { select undef, undef, undef, 0.02; exit } select undef, undef, undef, 0.02 }
    exit;
  }
  sleep 30;
`;
const scopeOf = (index: number): string => `docker-${idOf(index)}.scope`;
const labelOf = (index: number) => [{ key: 'container', value: idOf(index).slice(0, 12) }];

describeCgroups('the agent', () => {
  let folder: string;
  let agent: AgentProcess;
  let cgroups: RealCgroups;
  let node: NodeConnection;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    expect(whyNoAgent()).toBeNull();
    folder = mkdtempSync(join(tmpdir(), 'gthulhu-workloads-'));
    cgroups = realCgroups();
    agent = new AgentProcess(folder);
    await agent.start();
    node = await connectToNode({ stateFolder: agent.stateFolder });
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    node?.close();
    await agent?.kill();
    await cgroups?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  const get = async <T>(path: string): Promise<T> => (await node.call({ method: 'GET', path })) as T;
  const add = async (body: object): Promise<string> =>
    ((await node.call({ method: 'POST', path: NODE_API_PATHS.newStrategy, body })) as { data: { id: string } }).data.id;
  const cgroupsOf = async (id: string): Promise<readonly string[]> =>
    (await get<NodePolicies>(NODE_API_PATHS.policies)).rules.find((rule) => rule.id === id)?.cgroups ?? [];
  const containers = async (): Promise<string[]> =>
    (await get<WorkloadsAnswer>(`${NODE_API_PATHS.workloads}?label=runtime=docker`)).data.workloads.flatMap(
      ({ cgroupPath }) => (cgroupPath?.startsWith(`/${cgroups.name}/`) ? cgroupPath : []),
    );
  const explain = async (pid: number) => (await get<ExplanationAnswer>(`${NODE_API_PATHS.explain}?pid=${pid}`)).data;
  async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    for (const start = performance.now(); !(await isTrue()); await sleep(20))
      if (performance.now() - start > WAIT_LIMIT_MS) throw new Error(`not within ${WAIT_LIMIT_MS / 1000} s: ${what}`);
  }
  function run(at: string, ...argv: [string, ...string[]]): ChildProcess & { pid: number } {
    const child = spawn(argv[0], argv.slice(1), { stdio: 'ignore' });
    children.push(child);
    cgroups.attach(at, child.pid as number);
    return child as ChildProcess & { pid: number };
  }

  const command = (...args: readonly string[]): Promise<{ code: number; out: string }> =>
    new Promise((resolve) => {
      execFile(COMMAND, [...args, '--state-folder', agent.stateFolder], (error, out) =>
        resolve({ code: error === null ? 0 : Number(error.code), out }),
      );
    });

  test('cgroups that come and go while they are listed, explained and previewed: nothing fails, none stays', async () => {
    const id = await add({ selectors: [{ key: 'runtime', value: 'docker' }], priority: 4 });
    const kept = cgroups.mkdir(scopeOf(0));
    let rounds = 0;
    let stop = false;
    const churn = (async () => {
      for (; !stop; rounds++) {
        for (let i = 1; i <= 40; i++) cgroups.mkdir(`${scopeOf(i)}/inner-${rounds % 3}`);
        await sleep(1);
        for (let i = 1; i <= 40; i++) {
          cgroups.rmdir(`${scopeOf(i)}/inner-${rounds % 3}`);
          cgroups.rmdir(scopeOf(i));
        }
        await sleep(1);
      }
    })();
    const body = { command_regex: '.', selectors: [{ key: 'runtime', value: 'docker' }], priority: 3 };
    for (let i = 0; i < 40; i++) {
      await Promise.all([
        containers(),
        get(NODE_API_PATHS.pids),
        explain(process.pid),
        node.call({ method: 'POST', path: NODE_API_PATHS.preview, body }),
      ]);
    }
    stop = true;
    await churn;
    expect(rounds).toBeGreaterThan(3);
    await until('only the one that stayed is listed', async () => (await containers()).length === 1);
    await until('only the one that stayed has the strategy', async () => {
      const found = await cgroupsOf(id);
      return found.length === 1 && found[0] === cgroupIdOf(kept);
    });
    expect(agent.memoryBytes()).toBeLessThan(MOST_BYTES);
  });

  test('a container that forks without end', async () => {
    const at = scopeOf(1);
    const inside = cgroups.mkdir(at);
    const id = await add({ selectors: labelOf(1), priority: 4 });
    await until('it is meant', async () => (await cgroupsOf(id)).length === 1);
    const before = await get<NodePolicies>(NODE_API_PATHS.policies);
    // Thousands of short lives a second. It starts when it is in its cgroup, which takes all of it along, and ends by
    // itself besides: what escapes from here would be the end of this machine.
    const bomb = spawn('sh', ['-c', 'read go; exec nice -n 19 perl -e "$0"', FORKS], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    children.push(bomb);
    cgroups.attach(at, bomb.pid as number);
    bomb.stdin?.end('go\n');
    const pidsIn = (): number[] =>
      readFileSync(`${inside}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number);
    await until('it forks', async () => pidsIn().length > 50);
    let explained = 0;
    let gone = 0;
    for (let i = 0; i < 10; i++) {
      for (const pid of pidsIn().slice(0, 5)) {
        try {
          const { matching, workload } = await explain(pid);
          // Whoever has the number now: it is in there, or it is somebody else and has nothing.
          if (workload?.name === idOf(1).slice(0, 12)) expect(matching.strategyId).toBe(id);
          else expect(matching.strategyId).toBeNull();
          explained++;
        } catch (error) {
          expect((error as { kind?: string }).kind).toBe('missing');
          gone++;
        }
      }
      const preview = (await node.call({
        method: 'POST',
        path: NODE_API_PATHS.preview,
        body: { command_regex: 'perl', selectors: labelOf(1), priority: 3 },
      })) as PreviewAnswer;
      expect(preview.data.strategies[0].matches[0].containers[0].threads).toBeGreaterThan(0);
      await get(NODE_API_PATHS.strategies);
    }
    expect(explained + gone).toBeGreaterThan(0);
    // Not one rule is different: what they are about is the cgroup.
    expect((await get<NodePolicies>(NODE_API_PATHS.policies)).revision).toBe(before.revision);
    expect(agent.memoryBytes()).toBeLessThan(MOST_BYTES);
    writeFileSync(`${inside}/cgroup.kill`, '1');
    await until('none is left', async () => pidsIn().length === 0);
  });

  test('a number that is given to another process means that one', async () => {
    const at = scopeOf(2);
    cgroups.mkdir(at);
    cgroups.mkdir('elsewhere');
    const id = await add({ selectors: labelOf(2), priority: 4 });
    await until('it is meant', async () => (await cgroupsOf(id)).length === 1);
    const first = run(at, 'sleep', '600');
    expect((await explain(first.pid)).matching.strategyId).toBe(id);
    const ended = new Promise((resolve) => first.on('exit', resolve));
    first.kill('SIGKILL');
    await ended;
    await expect(explain(first.pid)).rejects.toMatchObject({ kind: 'missing' });
    let second = run('elsewhere', 'sleep', '600');
    for (let tries = 0; second.pid !== first.pid && tries < 200; tries++) {
      second.kill('SIGKILL');
      writeFileSync('/proc/sys/kernel/ns_last_pid', `${first.pid - 1}`);
      second = run('elsewhere', 'sleep', '600');
    }
    expect(second.pid).toBe(first.pid);
    const { matching, workload } = await explain(second.pid);
    expect(matching.strategyId).toBeNull();
    expect(workload?.name).toBe(`${cgroups.name}/elsewhere`);
  });

  test('what is no pod is explained by its name, with its processes', async () => {
    cgroups.mkdir(scopeOf(3));
    const id = await add({ selectors: labelOf(3), priority: 4 });
    await until('it is meant', async () => (await cgroupsOf(id)).length === 1);
    const { pid } = run(scopeOf(3), 'sleep', '600');
    const { code, out } = await command('explain', idOf(3).slice(0, 12));
    expect(out).toMatch(new RegExp(`strategy +${id}`));
    expect(out).toMatch(new RegExp(`task +${pid} sleep`));
    // Nobody can say what the kernel has: there is no scheduler here.
    expect(code).toBe(6);
  });

  test('our own processes, started from a shell, are passed by and shown as protected', async () => {
    const everybody = { command_regex: '.*', priority: 1 };
    const id = await add(everybody);
    expect((await explain(process.pid)).matching.strategyId).toBe(id);
    expect((await explain(agent.pid)).matching).toMatchObject({
      strategyId: null,
      protectedBy: 'its command gthulhu is in the list',
    });
    const { data } = (await node.call({
      method: 'POST',
      path: NODE_API_PATHS.preview,
      body: everybody,
    })) as PreviewAnswer;
    expect(data.strategies[0].protectedProcesses).toBeGreaterThan(0);
    const { rules } = await get<NodePolicies>(NODE_API_PATHS.policies);
    // Before these two are the protected units, if this machine has any.
    const [shield, everywhere] = rules.slice(-2);
    expect([shield.id, everywhere.id]).toEqual([PROTECTED_RULE_IDS.commands, id]);
    expect(rules.slice(0, -2).every((rule) => rule.id === PROTECTED_RULE_IDS.cgroups)).toBe(true);
    expect(new RegExp(shield.commandRegex).test('gthulhu')).toBe(true);
  });

  test('names with spaces, quotes, controls and bytes that are no text', async () => {
    const names = [
      Buffer.from('with  two spaces'),
      Buffer.from('"quoted\'\\'),
      Buffer.from('tab\tand\u001b[2Jescape'),
      Buffer.concat([Buffer.from('bytes-'), Buffer.from([0xff, 0xfe, 0x80])]),
      Buffer.from('ünïcödé'),
    ];
    const pathOf = (name: Buffer): Buffer => Buffer.concat([Buffer.from(`${cgroups.folder}/`), name]);
    for (const name of names) mkdirSync(pathOf(name));
    // The kernel itself takes none of these.
    expect(() => mkdirSync(`${cgroups.folder}/new\nline`)).toThrow(/EINVAL/);
    const listed = async () =>
      (await get<WorkloadsAnswer>(NODE_API_PATHS.workloads)).data.workloads.filter(({ cgroupPath }) =>
        cgroupPath?.startsWith(`/${cgroups.name}/`),
      );
    await until('all are listed', async () => (await listed()).length === names.length);
    const found = await listed();
    expect(found.map(({ name }) => name.slice(cgroups.name.length + 1))).toEqual(
      expect.arrayContaining(['with  two spaces', '"quoted\'\\', 'ünïcödé', expect.stringMatching(/^bytes-.*ff/)]),
    );
    const child = spawn('sleep', ['600'], { stdio: 'ignore' });
    children.push(child);
    for (const name of names) {
      writeFileSync(Buffer.concat([pathOf(name), Buffer.from('/cgroup.procs')]), `${child.pid}`);
      const { task, workload } = await explain(child.pid as number);
      expect(task.command).toBe('sleep');
      expect(found.map(({ uid }) => uid)).toContain(workload?.uid);
    }
    writeFileSync(`${cgroups.mount}/cgroup.procs`, `${child.pid}`);
    for (const name of names) rmdirSync(pathOf(name));
    await until('none is listed', async () => (await listed()).length === 0);
  });

  test('10,000 strategies over real cgroups, one more, one of 1 MB and one that is no RE2: all or nothing', async () => {
    for (let i = 0; i < 50; i++) cgroups.mkdir(scopeOf(i));
    const strategies = Array.from({ length: 10_000 }, (_, i) => ({ selectors: labelOf(i), priority: i % 21 }));
    const put = (list: readonly object[]) =>
      node.call({ method: 'POST', path: NODE_API_PATHS.strategies, body: { strategies: list } });
    await put(strategies);
    const ofOurs = async (): Promise<NodePolicies['rules']> =>
      (await get<NodePolicies>(NODE_API_PATHS.policies)).rules.filter(({ id }) => !isProtecting(id));
    await until('one rule for each container', async () => (await ofOurs()).length === 50);
    const { revision } = await get<NodePolicies>(NODE_API_PATHS.policies);
    for (const wrong of [
      [...strategies, strategies[0]],
      [{ priority: 1 }, { selectors: [{ key: 'k', value: 'v'.repeat(1_000_000) }], priority: 1 }],
      [{ priority: 1 }, { command_regex: '(?<=a)b', priority: 1 }],
      [{ priority: 1 }, { namespaces: ['n'.repeat(64)], priority: 1 }],
      Array.from({ length: 32 }, (_, i) => ({ priority: 1, cpus: `${i}` })),
    ]) {
      await expect(put(wrong)).rejects.toMatchObject({ message: expect.stringMatching(/^.{20,700}$/s) });
      expect((await get<NodePolicies>(NODE_API_PATHS.policies)).revision).toBe(revision);
    }
    // Containers still come and go at the price of one.
    cgroups.mkdir(scopeOf(77));
    await until('the next container', async () => (await ofOurs()).length === 51);
    expect(agent.memoryBytes()).toBeLessThan(MOST_BYTES);
  });
});
