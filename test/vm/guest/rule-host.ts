// SPDX-License-Identifier: Apache-2.0
/**
 * A scheduler whose rules come from whoever starts it: one JSON object a line, one line in answer.
 *
 *   {"enforce": [NodeRule...]}   {"ms": how long it took} or {"error": "..."}
 *   {"explain": pid}             {"task": TaskExplanation or null}
 *   {"counters": true}           {"counters": {...}, "entries": policies of cgroups and units in the kernel}
 */
import { createInterface } from 'node:readline';
import type { NodeRule } from '@gthulhu/contracts';
import { defaultConfig } from '@gthulhu/contracts';
import { createLogger, loadKernelSide, readTopology, startRuleEnforcer, toKernelParams } from '@gthulhu/scheduler';

interface Wish {
  readonly enforce?: readonly NodeRule[];
  readonly explain?: number;
  readonly counters?: true;
}

const BEAT_MS = 250;
const objectPath = process.argv[2];
const say = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const config = structuredClone(defaultConfig());
const topology = readTopology();
const params = toKernelParams({
  ...config,
  scheduler: { ...config.scheduler, dispatch: 'kernel', timeoutMs: 5000 },
});
const kernel = loadKernelSide({ objectPath, params, topology, onLog: (line) => say({ line }) }, null);
const logger = createLogger({ format: 'json', write: (line) => void process.stderr.write(line), debug: true });
kernel.register();
setInterval(() => kernel.beat(), BEAT_MS);
kernel.attach();
const enforcer = startRuleEnforcer(kernel, logger);
const tables = ['cgroup_policies', 'unit_policies'].map((name) => kernel.object.map(name));

function answer({ enforce, explain, counters }: Wish): unknown {
  if (explain !== undefined) return { task: enforcer.explain(explain) };
  if (counters)
    return { counters: kernel.counters().node, entries: tables.reduce((sum, table) => sum + table.keys().length, 0) };
  if (enforce === undefined) return { error: 'nothing was asked' };
  const start = performance.now();
  try {
    enforcer.enforce(enforce);
    return { ms: performance.now() - start };
  } catch (error) {
    return { error: String(error) };
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => say(answer(JSON.parse(line) as Wish)))
  .on('close', () => {
    void enforcer.stop().then(() => {
      kernel.close();
      process.exit(0);
    });
  });
say({ ready: true, pid: process.pid });
