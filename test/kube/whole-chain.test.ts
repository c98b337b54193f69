// SPDX-License-Identifier: Apache-2.0
/** From `kubectl apply` to the kernel: a pod of a real API server, its cgroups and its process in a test machine. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Explanation, ToldWorkload } from '@gthulhu/contracts';
import { afterEach, describe, expect, test } from 'vitest';
import { root, whyNoMachines } from '../vm/machine.ts';
import { makeBoundNode, makeBoundPod } from './rig/bound-node.ts';
import { cluster, whyNoCluster } from './rig/cluster.ts';
import { makeNamespace } from './rig/namespace.ts';
import { waitFor } from './rig/program.ts';

const obstacle = whyNoCluster() ?? whyNoMachines();
const MAP = 'gthulhu-strategies';
const NODE = 'test-machine';
const CONTAINER = 'd'.repeat(64);
/** This machine, seen from a test machine. */
const HOST = '10.0.2.2';
const STATE = '/run/gthulhu-state';
/** Boots of an emulated machine, and of Node in it, several times. */
const PATIENCE_MS = 400_000;

interface Explained {
  readonly workload: ToldWorkload;
  readonly processes: readonly Explanation[];
}

describe.skipIf(obstacle !== null && !process.env.CI)(obstacle ?? 'a node that is a test machine', () => {
  let machine: ChildProcess | null = null;
  let folder = '';
  let output = '';
  afterEach(async () => {
    if (machine !== null && machine.exitCode === null) {
      const ended = once(machine, 'close');
      machine.kill('SIGTERM');
      await ended;
    }
    if (folder !== '') rmSync(folder, { recursive: true });
  });
  const last = (mark: string): string => output.split('\n').findLast((line) => line.startsWith(mark)) ?? '';
  const explained = (): Explained | null => {
    const text = last('@explained {').slice('@explained '.length);
    return text === '' ? null : (JSON.parse(text) as Explained);
  };

  test('a pod’s process is scheduled by a strategy of the cluster, and explained', async () => {
    const plane = await cluster();
    const space = await makeNamespace(plane);
    const { token } = await space.account([
      { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['configmaps'], resourceNames: [MAP], verbs: ['list', 'watch'] },
    ]);
    const node = await makeBoundNode(plane, NODE);
    const pod = { name: 'web', app: 'web', nodeName: NODE, containerId: CONTAINER };
    const uid = await makeBoundPod(plane, space.path, pod);
    const map = (priority: number): object => ({
      metadata: { name: MAP },
      data: {
        'strategies.yaml': `- {selectors: [{key: app, value: web}], priority: ${priority}, executionTime: 3000000}\n`,
      },
    });
    await plane.admin.create(`${space.path}/configmaps`, map(5));

    // Where the machine sees it.
    execFileSync('make', ['-s', 'guest-programs'], { cwd: root });
    mkdirSync(join(root, 'build/vm'), { recursive: true });
    folder = mkdtempSync(join(root, 'build/vm/chain.'));
    const kubeconfig = join(folder, 'kubeconfig');
    const authority = readFileSync(plane.authority.certificate).toString('base64');
    const server = `https://${HOST}:${new URL(plane.server).port}`;
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'test' },
        clusters: [
          {
            name: 'test',
            cluster: { server, 'tls-server-name': 'localhost', 'certificate-authority-data': authority },
          },
        ],
        users: [{ name: 'agent', user: { token } }],
        contexts: [{ name: 'test', context: { cluster: 'test', user: 'agent' } }],
      }),
      { mode: 0o600 },
    );
    const config = join(folder, 'gthulhu.yaml');
    writeFileSync(
      config,
      JSON.stringify({
        scheduler: { timeoutMs: 5_000, opinionBudgetPercent: 20 },
        agent: { listen: '', stateFolder: STATE },
        workloads: { source: 'kubernetes', nodeName: NODE },
        kubernetes: { kubeconfig, strategies: { configMap: `${space.name}/${MAP}` } },
      }),
    );
    const guest = join(root, 'test/vm/guest/pod-of-cluster.ts');
    const words = [guest, config, STATE, uid, CONTAINER, `${space.name}/web`];
    machine = spawn(
      join(root, 'scripts/vm'),
      [
        ...['--kernel', '7', '--cpus', '1', '--memory', '2048', '--timeout', '800', '--net', '--'],
        ...['env', `NODE_COMPILE_CACHE=${join(root, 'build/vm/compile-cache')}`, join(root, 'node_modules/.bin/node')],
        ...words,
      ],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [machine.stdout, machine.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const comes = (what: string, holds: () => boolean): Promise<void> =>
      waitFor(what, () => machine?.exitCode !== null || holds(), [], PATIENCE_MS).catch((error) => {
        throw new Error(`${error.message}\n${output}`);
      });
    const inForce = (priority: number) => (): boolean =>
      explained()?.processes.some(({ agree, kernel }) => agree === true && kernel?.priority === priority) ?? false;

    await comes('the strategy of the cluster', inForce(5));
    const { cgroupId, pid } = JSON.parse(last('@pod ').slice('@pod '.length)) as { cgroupId: string; pid: number };
    const { workload, processes } = explained() as Explained;
    expect(workload, output).toMatchObject({
      ...{ uid, namespace: space.name, name: 'web', labels: { app: 'web' }, cgroupId },
      containers: [{ name: 'main', id: CONTAINER }],
    });
    const id = workload.strategyId;
    expect(processes).toMatchObject([
      {
        task: { pid, command: 'work' },
        workload: { name: 'web', container: 'main' },
        matching: { strategyId: id, origin: 'cluster', priority: 5, sliceNs: 3_000_000 },
        // Read back from the kernel: it was queued by that, through the entry of the pod's cgroup.
        kernel: { pid, strategyId: id, source: 'cgroup', entryCgroup: cgroupId, priority: 5, sliceNs: 3_000_000 },
        kernelSince: expect.any(String),
        agree: true,
      },
    ]);
    const table = (): string =>
      output
        .split('\n')
        .filter((line) => line.startsWith('@table'))

        .join('\n');
    await comes('the table', () => /in force +yes/.test(table()));
    expect(table()).toMatch(new RegExp(`strategy +${id} \\(cluster\\)`));
    expect(table()).toMatch(new RegExp(`why +strategy ${id} of ConfigMap ${space.name}/${MAP} means workload web`));

    await plane.admin.patch(`${space.path}/configmaps/${MAP}`, map(12));
    await comes('the change', inForce(12));
    expect(explained()?.processes[0].matching.strategyId, output).not.toBe(id);
    await plane.admin.remove(`${space.path}/pods/web`, { gracePeriodSeconds: 0 });
    // Its cgroup and its process go on; of whom it is nobody says any more.
    await comes('the end of the pod', () => last('@explained').includes('there is no workload'));
    await node.end();
    await space.end();
  }, 900_000);
});
