// SPDX-License-Identifier: Apache-2.0
/** The scheduler's side of the node API, with a real agent behind a proxy that does everything a network can. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BSS_ORDER_2025, type BssCounters, defaultConfig, isProtecting, NODE_API_PATHS } from '@gthulhu/contracts';
import { type ApiClient, type ApiTiming, connectToNode, createLogger, startApiClient } from '@gthulhu/scheduler';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AgentProcess, whyNoAgent } from './agent-process.ts';
import { ChaosProxy, MODES, type Mode } from './chaos-proxy.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 30_000 });

const why = whyNoAgent();
const WAIT_LIMIT_MS = 20_000;
/** Everything that takes half a minute in the field takes a second. */
const timing: ApiTiming = {
  intervalMs: 40,
  requests: { requestMs: 1000, connectMs: 1000 },
  stream: { silenceMs: 1000, eventMs: 1000 },
  aliveMs: 200,
};
/** A stream, a question, counters, a token, and as many whose end the proxy has not yet seen. */
const MOST_CONNECTIONS = 8;
const counters = Object.fromEntries(BSS_ORDER_2025.map((name, i) => [name, i])) as BssCounters;

let folder: string;
let agent: AgentProcess;
let proxy: ChaosProxy;
let client: ApiClient | null;
let inForce: string[];
let lines: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gthulhu-fault-'));
  agent = new AgentProcess(folder);
  proxy = new ChaosProxy(() => ({ host: '127.0.0.1', port: agent.port }));
  inForce = [];
  lines = [];
  client = null;
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await client?.stop();
  proxy.close();
  agent.signal('SIGCONT');
  await agent.kill();
  rmSync(folder, { recursive: true, force: true });
});

async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (const start = performance.now(); !isTrue(); await sleep(5))
    if (performance.now() - start > WAIT_LIMIT_MS)
      throw new Error(`not within ${WAIT_LIMIT_MS / 1000} s: ${what}\n${lines.slice(-20).join('\n')}`);
}

async function apply(...regexes: string[]): Promise<void> {
  const node = await connectToNode({ stateFolder: agent.stateFolder });
  const strategies = regexes.map((regex) => ({ command_regex: regex, priority: 12 }));
  await node.call({ method: 'POST', path: NODE_API_PATHS.strategies, body: { strategies } });
  node.close();
}

async function startClient(): Promise<void> {
  const url = await proxy.listen();
  const defaults = defaultConfig();
  const config = {
    ...defaults,
    agent: { ...defaults.agent, stateFolder: agent.stateFolder },
    api: { ...defaults.api, enabled: true, url },
  };
  const write = (line: string): void => {
    lines.push(line.trimEnd());
    // A log of hours is not kept here.
    if (lines.length > 5_000) lines.splice(0, 2_500);
  };
  client = await startApiClient(config, createLogger({ format: 'plain', write }), timing);
  client?.follow({
    dirty: false,
    enforce: (rules) => {
      inForce = rules.filter(({ id }) => !isProtecting(id)).map(({ commandRegex }) => commandRegex);
    },
  });
}

/** The agent has these, and they are in force. */
async function ready(): Promise<void> {
  await agent.start();
  await apply('^first');
  await startClient();
  await until('first in force', () => inForce[0] === '^first');
}

describe.skipIf(why !== null && !process.env.CI)('the last strategies stay, and new ones come afterwards', () => {
  test('can be tested here', () => expect(why).toBeNull());

  test.each(MODES.filter((mode) => mode !== 'pass' && mode !== 'cutAfterAnswer'))('%s', async (mode: Mode) => {
    await ready();
    proxy.mode = mode;
    proxy.cut();
    const from = lines.length;
    client?.report(counters);
    await until('the log says so', () => {
      const said = lines.slice(from).join('\n');
      return /Failed to fetch scheduling strategies: /.test(said) && /fetched before stay in force/.test(said);
    });
    await sleep(300);
    expect(inForce).toEqual(['^first']);
    expect(lines.filter((line) => line.includes('fetched before stay in force'))).toHaveLength(1);
    await apply('^second');
    expect(inForce).toEqual(['^first']);
    proxy.mode = 'pass';
    await until('second in force', () => inForce[0] === '^second');
    expect(proxy.mostAtOnce).toBeLessThanOrEqual(MOST_CONNECTIONS);
  });

  test('a proxy that cuts every connection after its first piece: questions bring what streams do not', async () => {
    await ready();
    proxy.mode = 'cutAfterAnswer';
    proxy.cut();
    await apply('^second');
    await until('second in force', () => inForce[0] === '^second');
    expect(proxy.mostAtOnce).toBeLessThanOrEqual(MOST_CONNECTIONS);
  });

  test('variables that name a proxy are not looked at', async () => {
    // Nobody answers there.
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy', 'HTTPS_PROXY'])
      vi.stubEnv(name, 'http://127.0.0.1:1');
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    await ready();
    await apply('^second');
    await until('second in force', () => inForce[0] === '^second');
    expect(lines.some((line) => line.includes('Failed'))).toBe(false);
  });

  test('connections that nobody knows any more', async () => {
    await ready();
    await until('a stream', () => proxy.open === 1);
    proxy.freeze();
    await apply('^second');
    await until('second in force', () => inForce[0] === '^second');
    await until('the old one is closed', () => proxy.open <= 1);
  });

  test('the agent is killed, stays away, and comes back', async () => {
    await ready();
    await agent.kill();
    await until('the log says so', () =>
      lines.some((line) => line.includes('connect: connection refused') || line.includes('EOF')),
    );
    expect(inForce).toEqual(['^first']);
    await agent.start();
    await apply('^second');
    await until('second in force', () => inForce[0] === '^second');
  });

  test('the agent is restarted with new keys: a new token', async () => {
    await ready();
    await agent.kill();
    rmSync(`${agent.stateFolder}/token-ed25519.key`);
    await agent.start();
    await apply('^second');
    await until('second in force', () => inForce[0] === '^second');
    client?.report(counters);
    await until('counters are taken', () => lines.some((line) => line.includes('Successfully sent metrics')));
  });

  test('the agent stands still', async () => {
    await ready();
    agent.signal('SIGSTOP');
    await until('the log says so', () => lines.some((line) => line.includes('Client.Timeout')));
    expect(inForce).toEqual(['^first']);
    agent.signal('SIGCONT');
    await apply('^second');
    await until('second in force', () => inForce[0] === '^second');
  });

  test.each([-30, 30])('a clock that is off by %d hours', async (hours) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 });
    await agent.start();
    await startClient();
    await until('an answer', () => lines.some((line) => /fetched: 0 strategies|updated: 0 strategies/.test(line)));
    expect(lines.some((line) => /the clock of the API is -?\d+ s ahead/.test(line))).toBe(true);
    client?.report(counters);
    await until('counters are taken', () => lines.some((line) => line.includes('Successfully sent metrics')));
  });

  test('the clock jumps while a token is in use', async () => {
    await ready();
    const accepted = proxy.accepted;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 12 * 3_600_000 });
    await sleep(300);
    vi.setSystemTime(Date.now() - 40 * 3_600_000);
    await sleep(300);
    expect(proxy.accepted - accepted).toBeLessThan(100);
    expect(lines.filter((line) => line.includes('Failed'))).toEqual([]);
    expect(inForce).toEqual(['^first']);
  });

  test('neither connections nor memory grow, whatever comes', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    await ready();
    const round = async (modes: readonly Mode[]): Promise<number> => {
      for (const mode of modes) {
        proxy.mode = mode;
        proxy.cut();
        client?.report(counters);
        await sleep(120);
      }
      proxy.mode = 'pass';
      proxy.cut();
      await sleep(1000);
      gc();
      return process.memoryUsage().heapUsed;
    };
    await round(MODES);
    const before = await round(MODES);
    for (let i = 0; i < 3; i++) await round(MODES);
    const after = await round(MODES);
    expect(after - before).toBeLessThan(4 * 1024 * 1024);
    expect(proxy.mostAtOnce).toBeLessThanOrEqual(MOST_CONNECTIONS);
    await apply('^last');
    await until('last in force', () => inForce[0] === '^last');
  });
});
