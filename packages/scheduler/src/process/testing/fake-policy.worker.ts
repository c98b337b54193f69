// SPDX-License-Identifier: Apache-2.0
/**
 * Stands in for policy-worker.ts without a kernel: the words it says are the same. What it does is the module's code:
 * `good`; `posts anything`; `prints`; `throws on take over`; `throws at load`; `throws null`; `throws when it decides`; `hangs when it decides`; `never warm`.
 */
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { CELL, WORKER_CELL } from '../cells.ts';
import type { PolicyWorkerData, PolicyWorkerMessage } from '../policy-worker-data.ts';
import { captureOutput } from '../thread-output.ts';

const { module, cells, ownCells: own, takesOver } = workerData as PolicyWorkerData;
const behaviour = module?.code ?? 'built-in';
const say = (message: PolicyWorkerMessage): void => parentPort?.postMessage(message);
const beat = (): void => {
  own[WORKER_CELL.beatNs] = Number(process.hrtime.bigint());
};

if (behaviour === 'throws at load') throw new Error('at load');
if (behaviour === 'throws null') throw null;
if (behaviour === 'posts anything')
  for (const anything of [null, 7, {}, { state: 'ready' }, { state: 'loaded', tid: 'x' }])
    parentPort?.postMessage(anything);
beat();
say({ state: 'loaded', tid: 0, wakeFd: -1 });
if (takesOver) {
  if (behaviour === 'never warm') await new Promise(() => setInterval(beat, 50));
  say({ state: 'warm' });
  await new Promise((resolve) => parentPort?.once('message', resolve));
}
if (behaviour === 'throws on take over') throw new Error('on take over');
if (behaviour === 'prints') {
  captureOutput({ onLine: (line) => say({ state: 'printed', line }), linesASecond: 20 });
  process.stdout.write('hello\nand');
  process.stdout.write(' this\n');
}
say({ state: 'ready', policy: `${behaviour} ${threadId}` });
// Who decides writes the number of its thread: two at once would be seen.
const pause = new Int32Array(new SharedArrayBuffer(4));
for (let round = 0; own[WORKER_CELL.stop] === 0; round++) {
  beat();
  if (round > 3 && behaviour === 'throws when it decides') throw new Error('while it decides');
  if (behaviour === 'hangs when it decides') for (;;);
  cells[CELL.decided] = threadId;
  Atomics.wait(pause, 0, 0, 5);
  if (cells[CELL.decided] !== threadId) throw new Error('two workers decide');
}
say({ state: 'ended' });
