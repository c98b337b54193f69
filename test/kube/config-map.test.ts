// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, type ConfigMapFollower, createClient, followConfigMap, fromKubeconfig } from '@gthulhu/kube';
import { parseStrategies } from '@gthulhu/scheduler';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cluster, whyNoCluster } from './rig/cluster.ts';
import type { ControlPlane } from './rig/control-plane.ts';
import { type FaultProxy, startFaultProxy } from './rig/fault-proxy.ts';
import { makeNamespace, type Namespace } from './rig/namespace.ts';
import { waitFor } from './rig/program.ts';
import { type TokenKubeconfig, writeTokenKubeconfig } from './rig/token-kubeconfig.ts';

const obstacle = whyNoCluster();
const KEY = 'strategies.yaml';
const good = (priority: number): string => `strategies:\n  - command_regex: nginx\n    priority: ${priority}\n`;

interface Follow {
  readonly follower: ConfigMapFollower;
  readonly warnings: string[];
  /** Priorities in force, as an agent would have them; null is none. */
  priorities(): (number | null)[] | null;
  close(): Promise<void>;
}

describe.skipIf(obstacle !== null && !process.env.CI)(obstacle ?? 'strategies in a ConfigMap', () => {
  let plane: ControlPlane;
  let space: Namespace;
  let proxy: FaultProxy;
  let kubeconfig: TokenKubeconfig;
  let stateFile: string;
  const open: { follower: ConfigMapFollower; client: Client }[] = [];

  beforeEach(async () => {
    plane = await cluster();
    space = await makeNamespace(plane);
    proxy = await startFaultProxy(plane);
    // No more than this one object.
    const one = { apiGroups: [''], resources: ['configmaps'], resourceNames: ['strategies'], verbs: ['list', 'watch'] };
    kubeconfig = writeTokenKubeconfig(plane, (await space.account([one])).token, { server: proxy.url });
    stateFile = join(mkdtempSync(join(plane.folder, 'state-')), KEY);
  });
  afterEach(async () => {
    for (const { follower, client } of open.splice(0)) {
      await follower.close();
      client.close();
    }
    await proxy.close();
    await space.end();
  });

  async function follow(): Promise<Follow> {
    const client = createClient(await fromKubeconfig([kubeconfig.path]), { userAgent: 'gthulhu-test' });
    const warnings: string[] = [];
    let priorities: (number | null)[] | null = null;
    const follower = followConfigMap({
      ...{ client, namespace: space.name, name: 'strategies', key: KEY, stateFile },
      apply(content) {
        priorities = content === null ? null : parseStrategies(content.text, KEY).rules.map(({ priority }) => priority);
      },
      onWarning: (sentence) => warnings.push(sentence),
      timing: { backoff: { firstMs: 100, mostMs: 500 } },
    });
    open.push({ follower, client });
    return { follower, warnings, priorities: () => priorities, close: follower.close };
  }
  const kept = (): string => JSON.parse(readFileSync(stateFile, 'utf8')).text;
  const path = (): string => `${space.path}/configmaps`;
  const create = (data: object): Promise<unknown> =>
    plane.admin.create(path(), { metadata: { name: 'strategies' }, ...data });
  const change = (data: object): Promise<unknown> => plane.admin.patch(`${path()}/strategies`, data);
  const state = ({ follower }: Follow, wanted: string): Promise<void> =>
    waitFor(
      `state ${wanted}, it is ${JSON.stringify(follower.status())}`,
      () => follower.status().state === wanted,
      [],
      20_000,
    );

  test('come, change and go', async () => {
    const node = await follow();
    await state(node, 'absent');
    expect(node.follower.status()).toMatchObject({ message: '', inForce: null, resourceVersion: null });
    await create({ data: { [KEY]: good(3) } });
    await state(node, 'applied');
    expect(node.priorities()).toEqual([3]);
    await change({ data: { [KEY]: good(5) } });
    await waitFor('the change', () => node.priorities()?.[0] === 5);
    expect(kept()).toBe(good(5));
    await plane.admin.remove(`${path()}/strategies`);
    await state(node, 'absent');
    expect(node.priorities()).toBeNull();
    expect(existsSync(stateFile)).toBe(false);
  });

  test('reach a node that is added later', async () => {
    await create({ data: { [KEY]: good(3) } });
    const node = await follow();
    await state(node, 'applied');
    expect(node.priorities()).toEqual([3]);
  });

  test.each<[string, object, RegExp]>([
    [
      'a text with one bad strategy among good ones',
      { data: { [KEY]: `${good(4)}  - priority: 99\n` } },
      /strategies\.yaml:4:\d+: .*priority.*99/,
    ],
    ['a text that is no YAML', { data: { [KEY]: '{' } }, /is not valid YAML/],
    ['an expression that is none', { data: { [KEY]: good(4).replace('nginx', '"("') } }, /command_regex/],
    [
      'another key',
      { data: { [KEY]: null, 'strategy.yml': good(4) } },
      /has no key strategies\.yaml; it has strategy\.yml/,
    ],
    ['nothing', { data: null }, /has no key strategies\.yaml; it has no keys/],
    ['bytes', { data: { [KEY]: null }, binaryData: { [KEY]: 'AAEC' } }, /as binary data/],
    ['a text of 900 KB that is none', { data: { [KEY]: 'x'.repeat(900_000) } }, /refused/],
  ])('are refused as a whole: %s', async (_what, data, message) => {
    await create({ data: { [KEY]: good(3) } });
    const node = await follow();
    await state(node, 'applied');
    await change(data);
    await state(node, 'refused');
    expect(node.follower.status().message).toMatch(message);
    expect(node.follower.status().message).toMatch(new RegExp(`^ConfigMap ${space.name}/strategies `));
    expect(node.warnings).toHaveLength(1);
    expect(node.priorities()).toEqual([3]);
    expect(kept()).toBe(good(3));
    await change({ data: { [KEY]: good(7) }, binaryData: null });
    await state(node, 'applied');
    expect(node.priorities()).toEqual([7]);
    expect(node.follower.status().message).toBe('');
  });

  test('are those kept on disk while the server is down', async () => {
    await create({ data: { [KEY]: good(3) } });
    const before = await follow();
    await state(before, 'applied');
    await before.close();
    proxy.fault = () => ({ kind: 'cut' });
    const node = await follow();
    expect(node.priorities()).toEqual([3]);
    expect(node.follower.status()).toMatchObject({ state: 'waiting', inForce: 'disk' });
    expect(node.follower.status().ageMs).toBeGreaterThan(0);
    await waitFor('the failure', () => node.follower.status().message.includes("can't be reached"));
    await plane.admin.remove(`${path()}/strategies`);
    proxy.fault = () => null;
    await state(node, 'absent');
    expect(node.priorities()).toBeNull();
  });

  test('are not forgotten when the right to read them is taken away', async () => {
    await create({ data: { [KEY]: good(3) } });
    const node = await follow();
    await state(node, 'applied');
    proxy.fault = () => ({ kind: 'ask', query: { fieldSelector: 'metadata.name=other' } });
    proxy.cut();
    await waitFor('the refusal', () => node.follower.status().message.includes('403'));
    expect(node.priorities()).toEqual([3]);
    expect(node.follower.status()).toMatchObject({ state: 'applied', inForce: 'cluster' });
  });

  test('that change faster than they can be taken are taken one after the other, and the last always', async () => {
    await create({ data: { [KEY]: good(1) } });
    const client = createClient(await fromKubeconfig([kubeconfig.path]), { userAgent: 'gthulhu-test' });
    const taken: (string | undefined)[] = [];
    let busy = 0;
    const follower = followConfigMap({
      ...{ client, namespace: space.name, name: 'strategies', key: KEY, stateFile },
      async apply(content) {
        expect(++busy).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 500));
        taken.push(content?.text);
        busy--;
      },
      onWarning: () => {},
    });
    open.push({ follower, client });
    await waitFor('the first', () => taken.length === 1, [], 20_000);
    for (let priority = 2; priority <= 9; priority++) await change({ data: { [KEY]: good(priority) } });
    await waitFor('the last', () => taken.at(-1) === good(9), [], 20_000);
    expect(taken.length).toBeLessThan(9);
    expect(kept()).toBe(good(9));
    expect(follower.status()).toMatchObject({ state: 'applied', ageMs: 0 });
  });
});
