// SPDX-License-Identifier: Apache-2.0
/**
 * Makes the recording that policies are tried on: 8 hogs and hackbench under the built-in policy.
 *
 *   scripts/vm --kernel 7 --cpus 2 --icount -- node test/vm/guest/record.ts |
 *     sed -n 's/^@recording //p' | base64 -d >packages/scheduler/src/trace/recorded.trace
 *
 * To be made anew when a policy is asked with other columns.
 */
import { readFileSync } from 'node:fs';
import { type RecordedBatch, readTrace, startRecorder } from '@gthulhu/scheduler';
import { FOLDER } from './scheduler.ts';
import { Stage } from './stage.ts';

const WHOLE = `${FOLDER}/whole.trace`;
const CHOSEN = `${FOLDER}/recorded.trace`;
const MAX_TASKS = 1400;
const MAX_BATCHES = 300;
const SECONDS = 10;

const stage = new Stage({ scenario: 'record', dispatch: 'hybrid' });
const scheduler = await stage.scheduler({ config: { traceFile: WHOLE } });
const hogs = await stage.hogs(8);
const hackbench = stage.run('hackbench', '-g', '2', '-l', '2000');
await stage.measure(hogs, SECONDS);
process.stderr.write(`hackbench ${hackbench.code === undefined ? 'still runs' : `ended with ${hackbench.code}`}\n`);
hackbench.kill();
await stage.clear(false);
await stage.alone();
process.stderr.write(`${scheduler.program.lines.slice(-3).join('\n')}\n`);

const { batches, damage, header } = readTrace(WHOLE);
if (damage !== null) throw new Error(damage);
process.stderr.write(`recorded: ${batches.length} batches, first ${batches[0].batch.length} tasks\n`);

/** Whole stretches from all of the time, not the first seconds alone: policies may remember what came before. */
function choose(all: readonly RecordedBatch[]): RecordedBatch[] {
  const stretch = 30;
  const wanted = Math.floor(MAX_BATCHES / stretch);
  const step = Math.max(stretch, Math.floor(all.length / wanted));
  const chosen: RecordedBatch[] = [];
  let tasks = 0;
  for (let at = 0; at < all.length; at += step)
    for (const one of all.slice(at, at + stretch)) {
      if (tasks + one.batch.length > MAX_TASKS) return chosen;
      tasks += one.batch.length;
      chosen.push(one);
    }
  return chosen;
}

const recorder = startRecorder({
  path: CHOSEN,
  maxBytes: 16 * 1024 * 1024,
  capacity: 512,
  policy: header.policy,
  onFailed: (reason) => {
    throw new Error(reason);
  },
});
const chosen = choose(batches);
for (const { batch, decisions, node } of chosen) recorder.record(batch, decisions, node);
recorder.close();
process.stderr.write(`chosen: ${chosen.length} batches\n`);
for (const line of readFileSync(CHOSEN)
  .toString('base64')
  .match(/.{1,120}/g) ?? [])
  process.stdout.write(`@recording ${line}\n`);
process.exit(0);
