// SPDX-License-Identifier: Apache-2.0
/** A thread that drains one ring and reports the sum of what it saw, until it has seen `expected` records. */
import { parentPort, workerData } from 'node:worker_threads';
import { openRing, type StructLayout } from '../index.ts';

interface DrainJob {
  readonly fd: number;
  readonly layout: StructLayout;
  /** records to see before the report; Infinity to wait for ever */
  readonly expected: number;
}

const { fd, layout, expected } = workerData as DrainJob;
const ring = openRing(fd, layout, ['tail'], 64);
parentPort?.postMessage({ wakeFd: ring.wakeFd });
let seen = 0;
let sum = 0;
while (seen < expected) {
  ring.wait(Number.POSITIVE_INFINITY);
  const n = ring.drain();
  for (let i = 0; i < n; i++) sum += ring.columns.tail[i] as number;
  seen += n;
}
ring.close();
parentPort?.postMessage({ seen, sum });
