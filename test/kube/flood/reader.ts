// SPDX-License-Identifier: Apache-2.0
/**
 * An agent's part that reads pods, alone in its process: flood.ts starts it, with KUBECONFIG and COUNT. Writes one JSON
 * line with what it took when the flood has passed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
// What an agent has loaded anyway.
import '@gthulhu/contracts';
import '@gthulhu/bpf';
import type { WorkloadProvider } from '@gthulhu/workloads';
import type { FloodResult } from './result.ts';

const [kubeconfig, countText] = process.argv.slice(-2);
const count = Number(countText);
const MIB = 1_048_576;
const collect = globalThis.gc as () => void;
const memory = (): { rssMib: number; heapMib: number } => {
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  return { rssMib: rss / MIB, heapMib: heapUsed / MIB };
};
/** Nothing is in the tree of cgroups here. */
const noCgroups: WorkloadProvider = {
  name: 'cgroups',
  start: async () => {},
  workloads: () => [],
  subscribe: () => () => {},
  health: () => ({ state: 'ready', message: '', repairs: 0, ageMs: 0 }),
};

// Of `yaml` too, by way of the strategies.
await import(new URL('../../../node_modules/yaml/dist/index.js', import.meta.url).href);
await import('node:http');
await sleep(200);
const bare = memory();
const { createClient, fromKubeconfig, keepSmall } = await import('@gthulhu/kube');
const { createApiPods, createPodProvider } = await import('@gthulhu/workloads');
keepSmall();
const loaded = memory();
const client = createClient(await fromKubeconfig([kubeconfig]), { userAgent: 'gthulhu-bench' });
const provider = createPodProvider({
  ...{ name: 'kubernetes', pods: createApiPods(client, 'node-1'), cgroups: noCgroups, nodeName: 'node-1' },
  stateFile: null,
  onWarning: (sentence) => {
    throw new Error(sentence);
  },
});
let events = 0;
let removed = 0;
let beganAt = 0;
let endedAt = 0;
const rss: number[] = [];
const passed = new Promise<void>((resolve) => {
  provider.subscribe((changes) => {
    removed += changes.removed.length;
    if (changes.changed.length > 0) beganAt ||= performance.now();
    events += changes.changed.length;
    endedAt = performance.now();
    if (changes.changed.length > 0 && events % Math.ceil(count / 10) === 0) {
      // No collection here: what an agent takes that nobody helps.
      rss.push(process.memoryUsage.rss() / MIB);
    }
    if (removed > 0) resolve();
  });
});
const cpuBefore = process.cpuUsage();
const ending = new AbortController();
await provider.start(ending.signal);
const listed = memory();
await passed;
const cpu = process.cpuUsage(cpuBefore);
const result: FloodResult = {
  events,
  pods: provider.workloads().length,
  versions: new Set(provider.workloads().map(({ labels }) => labels.version)).size,
  seconds: (endedAt - beganAt) / 1000,
  cpuUsPerEvent: (cpu.user + cpu.system) / events,
  bare,
  loaded,
  listed,
  rss,
  after: memory(),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
ending.abort();
client.close();
