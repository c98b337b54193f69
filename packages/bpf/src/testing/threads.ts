// SPDX-License-Identifier: Apache-2.0
import { Worker } from 'node:worker_threads';
import type { BpfObject } from '../object.ts';
import { wakeRing } from '../ring.ts';
import { type Produce, producer } from './test-objects.ts';

// From dist the compiled worker, from src the source: Node strips its types.
const script = new URL(import.meta.url.endsWith('.ts') ? './drain.worker.ts' : './drain.worker.js', import.meta.url);

interface Report {
  readonly wakeFd?: number;
  readonly seen?: number;
  readonly sum?: number;
}

function nextMessage(worker: Worker): Promise<Report> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function start(object: BpfObject, ring: string, expected: number): Promise<{ worker: Worker; wakeFd: number }> {
  const fd = object.maps().find(({ name }) => name === ring)?.fd;
  const worker = new Worker(script, { workerData: { fd, layout: object.layout('record'), expected } });
  const { wakeFd } = await nextMessage(worker);
  return { worker, wakeFd: wakeFd as number };
}

/** Two threads drain two rings while this one fills both; gives what each saw. */
export async function drainTwoRings(object: BpfObject, records: number): Promise<Report[]> {
  const threads = [await start(object, 'ring', records), await start(object, 'small_ring', records)];
  const reports = threads.map(({ worker }) => nextMessage(worker));
  const fill = [producer(object, 'produce'), producer(object, 'produce_small')];
  const made = [0, 0];
  while (made.some((n) => n < records)) {
    for (const [i, produce] of fill.entries()) {
      const n = Math.min(17, records - (made[i] as number));
      if (n > 0) made[i] = (made[i] as number) + produce({ n, start: made[i] as number });
    }
    await new Promise(setImmediate);
  }
  const results = await Promise.all(reports);
  await Promise.all(threads.map(({ worker }) => worker.terminate()));
  return results;
}

/** Ends a thread that sits in wait(), then checks that the ring serves the next one. Gives that one's report. */
export async function terminateInWait(
  object: BpfObject,
  produce: (what: Produce) => number,
  wakeFirst: boolean,
): Promise<Report> {
  const { worker, wakeFd } = await start(object, 'ring', Number.POSITIVE_INFINITY);
  if (wakeFirst) wakeRing(wakeFd);
  else await new Promise((resolve) => setTimeout(resolve, 5));
  await worker.terminate();
  const { worker: second } = await start(object, 'ring', 3);
  const report = nextMessage(second);
  produce({ n: 3, start: 1 });
  const result = await report;
  await second.terminate();
  return result;
}
