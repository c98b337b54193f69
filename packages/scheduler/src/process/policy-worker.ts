// SPDX-License-Identifier: Apache-2.0
/**
 * The policy's own thread: records out of the ring, decisions back to the kernel, one native call each a batch. It
 * does nothing else, and nothing waits for it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type Decisions,
  type Globals,
  openDecisions,
  openGlobals,
  openRing,
  openSyscallProgram,
  type Ring,
  sys,
} from '@gthulhu/bpf';
import { loadPolicy } from '../policies/load-policy.ts';
import type { DecisionBatch, NodeView, Policy } from '../policies/policy.ts';
import type { PolicyModule } from '../policies/policy-module.ts';
import type { Recorder } from '../trace/recorder.ts';
import { CELL, type Cells, WORKER_CELL } from './cells.ts';
import { checkDecisions, type MutableBatch, makeBatch, makeDecisionBatch } from './policy-batch.ts';
import type { PolicyWorkerData, PolicyWorkerMessage } from './policy-worker-data.ts';
import { DECISION_CAPACITY, DECISION_COLUMNS, TASK_RECORD_COLUMNS } from './records.ts';

/** The worker is heard of this often even when nobody asks anything. */
const BEAT_MS = 400;

/** Made-up tasks before the first real ones: code is compiled when nobody waits for it. */
const WARM_ROWS = 64;
const WARM_ROUNDS = 300;
const WARM_NS = 300e6;

/** Of what a policy prints, in a second: the log is for people. */
const PRINTED_LINES = 20;

const say = (message: PolicyWorkerMessage): void => parentPort?.postMessage(message);

/** What one worker works with. */
interface Desk {
  readonly policy: Policy;
  readonly batch: MutableBatch;
  readonly out: DecisionBatch;
  readonly node: MutableNode;
  /** Columns of the decisions that are copied from the records. */
  readonly copied: Readonly<Record<'gen' | 'pid' | 'queue', Float64Array>>;
}

type MutableNode = { -readonly [K in keyof NodeView]: NodeView[K] };

/** Decides on the first n rows: from the records' columns into the decisions' columns. */
function decideRows({ policy, batch, out, node, copied }: Desk, n: number, now: number): void {
  batch.length = n;
  node.nowNs = now;
  for (let i = 0; i < n; i++) {
    copied.gen[i] = batch.gen[i];
    copied.pid[i] = batch.pid[i];
    copied.queue[i] = batch.queue[i];
    out.key[i] = batch.key[i];
    out.sliceNs[i] = 0;
    out.cpu[i] = -1;
  }
  policy.decide(batch, out, node);
  checkDecisions(policy.name, out, n);
}

/** @param kernelToo goes the way through the kernel as well; only where no other worker decides */
function warmUp(desk: Desk, ring: Ring, decisions: Decisions, own: Cells, kernelToo: boolean): void {
  const { batch, node } = desk;
  const end = sys.monotonicNs() + WARM_NS;
  for (let round = 0; round < WARM_ROUNDS && own[WORKER_CELL.beatNs] < end; round++) {
    for (let i = 0; i < WARM_ROWS; i++) {
      batch.pid[i] = 1 + i;
      batch.weight[i] = 100;
      batch.vtime[i] = batch.key[i] = batch.clock[i] = 1e9 + round * 1e6;
      batch.sliceNs[i] = node.sliceDefaultNs;
      batch.burstNs[i] = i * 1e5;
    }
    decideRows(desk, WARM_ROWS, 1e9);
    if (kernelToo) {
      decisions.encode(WARM_ROWS);
      decisions.apply(0);
      ring.drain();
    }
    own[WORKER_CELL.beatNs] = sys.monotonicNs();
  }
}

/** What a worker serves with. */
interface Service {
  readonly desk: Desk;
  readonly ring: Ring;
  readonly decisions: Decisions;
  readonly globals: Globals;
  readonly cells: Cells;
  readonly own: Cells;
  readonly recorder: Recorder | null;
}

/** Serves until it is asked to stop. A function of its own, so that it can be optimised while it runs. */
function serve({ desk, ring, decisions, globals, cells, own, recorder }: Service): void {
  while (own[WORKER_CELL.stop] === 0) {
    const now = sys.monotonicNs();
    own[WORKER_CELL.beatNs] = now;
    globals.write('user_seen_ns', now);
    ring.wait(BEAT_MS);
    const n = ring.drain();
    if (n === 0) {
      recorder?.flush();
      continue;
    }
    cells[CELL.drained] += n;
    decideRows(desk, n, now);
    decisions.apply(n);
    cells[CELL.decided] += n;
    recorder?.record(desk.batch, desk.out, desk.node);
  }
}

/** While it waits, it is heard of as one that decides. */
async function untilTakeOver(own: Cells): Promise<void> {
  const beat = setInterval(() => {
    own[WORKER_CELL.beatNs] = sys.monotonicNs();
  }, BEAT_MS);
  await new Promise<void>((resolve) => {
    parentPort?.once('message', () => resolve());
  });
  clearInterval(beat);
}

function openRecorder(
  { startRecorder }: typeof import('../trace/recorder.ts'),
  { traceFile, traceMaxBytes }: PolicyWorkerData,
  policy: string,
): Recorder {
  return startRecorder({
    path: traceFile,
    maxBytes: traceMaxBytes,
    capacity: DECISION_CAPACITY,
    policy,
    onFailed: (reason) => say({ state: 'unrecorded', reason }),
  });
}

/** Before a policy of one's own is loaded. */
async function prepareFor(module: PolicyModule): Promise<void> {
  const { captureOutput } = await import('./thread-output.ts');
  captureOutput({ onLine: (line) => say({ state: 'printed', line }), linesASecond: PRINTED_LINES });
  const { loadOneFileOnly } = await import('../policies/one-file.ts');
  loadOneFileOnly(module);
}

async function run(data: PolicyWorkerData): Promise<void> {
  const { cells, ownCells: own, bss } = data;
  // Its code is loaded by those who record only.
  const recording = data.traceFile === '' ? null : await import('../trace/recorder.ts');
  // What it imports later in this thread is refused too, so ours comes first.
  if (data.module !== null) await prepareFor(data.module);
  const policy = await loadPolicy(data.mode, data.module);
  const ring = openRing(data.ringFd, data.recordLayout, TASK_RECORD_COLUMNS, DECISION_CAPACITY);
  const decisions = openDecisions(
    data.applyFd,
    bss,
    'decisions',
    data.decisionLayout,
    DECISION_COLUMNS,
    DECISION_CAPACITY,
  );
  const globals = openGlobals(bss);
  const { gen, pid, queue } = decisions.columns;
  const desk: Desk = {
    policy,
    batch: makeBatch(ring.columns),
    out: makeDecisionBatch(decisions.columns),
    node: { nrCpus: data.nrCpus, sliceDefaultNs: data.sliceDefaultNs, sliceMinNs: data.sliceMinNs, nowNs: 0 },
    copied: { gen, pid, queue },
  };
  own[WORKER_CELL.beatNs] = sys.monotonicNs();
  say({ state: 'loaded', tid: sys.gettid(), wakeFd: ring.wakeFd });
  warmUp(desk, ring, decisions, own, !data.takesOver);
  if (data.takesOver) {
    say({ state: 'warm' });
    await untilTakeOver(own);
  }
  const register = openSyscallProgram(data.registerFd, data.registerLayout);
  register.run();
  register.close();
  say({ state: 'ready', policy: policy.name });
  const recorder = recording === null ? null : openRecorder(recording, data, policy.name);
  try {
    serve({ desk, ring, decisions, globals, cells, own, recorder });
  } finally {
    recorder?.close();
  }
  ring.close();
  decisions.close();
  globals.close();
  say({ state: 'ended' });
}

// Node's own number for what waits for something that never comes, such as a policy while it is loaded.
process.exitCode = 13;
void run(workerData as PolicyWorkerData).then(() => {
  process.exitCode = 0;
});
