// SPDX-License-Identifier: Apache-2.0
/**
 * A node of a cluster that runs elsewhere: agent, scheduler, and the cgroups and one process of a pod, as a kubelet and a
 * runtime make them. Says again and again what `gthulhu explain` says of the pod, until the machine is ended.
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Cgroup } from './cgroups.ts';
import { Program } from './lines.ts';
import { Hog } from './tasks.ts';

const [config, stateFolder, uid, containerId, pod] = process.argv.slice(2);
const COMMAND = fileURLToPath(new URL('../../../bin/gthulhu', import.meta.url));
const START_LIMIT_MS = 120_000;

/** What it writes, whatever it ends with. */
const run = (...args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(COMMAND, [...args, '--state-folder', stateFolder], (_error, stdout, stderr) => resolve(stdout || stderr));
  });

const up = new Program([COMMAND, 'up', '--config', config]);
const told = async (): Promise<void> => {
  for (let from = 0; up.code === undefined; from++) process.stdout.write(`${await up.line(() => true, 1e9, from)}\n`);
};
void told();
await up.line((line) => line.includes('scheduler started'), START_LIMIT_MS);

const slice = new Cgroup('kubepods.slice', 'kubepods-burstable.slice').below(
  `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`,
);
const container = slice.below(`cri-containerd-${containerId}.scope`);
const work = await new Hog({ name: 'work' }).ready();
container.take(work.program.pid);
process.stdout.write(`@pod ${JSON.stringify({ cgroupId: slice.id, pid: work.program.pid })}\n`);
let shown = false;
for (;;) {
  const explained = await run('explain', pod, '-o', 'json');
  process.stdout.write(`@explained ${explained.replaceAll('\n', ' ')}\n`);
  // As people see it, once: each command takes an emulated machine many seconds.
  if (!shown && explained.includes('"agree": true')) {
    shown = true;
    for (const line of (await run('explain', `${work.program.pid}`)).trimEnd().split('\n'))
      process.stdout.write(`@table ${line}\n`);
  }
  await sleep(1_000);
}
