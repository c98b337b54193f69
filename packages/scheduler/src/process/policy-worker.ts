// SPDX-License-Identifier: Apache-2.0
/**
 * The policy's own thread: records out of the ring, decisions back to the kernel, one native call each a batch. It
 * does nothing else, and nothing waits for it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type Decisions,
  type Globals,
  type GlobalsInfo,
  openDecisions,
  openGlobals,
  openRing,
  openSyscallProgram,
  type Ring,
  type StructLayout,
  sys,
} from '@gthulhu/bpf';
import { loadPolicy } from '../policies/load-policy.ts';
import type { DecisionBatch, NodeView, Policy } from '../policies/policy.ts';
import { CELL, type Cells } from './cells.ts';
import { checkDecisions, type MutableBatch, makeBatch, makeDecisionBatch } from './policy-batch.ts';
import { DECISION_CAPACITY, DECISION_COLUMNS, TASK_RECORD_COLUMNS } from './records.ts';

export interface PolicyWorkerData {
  readonly mode: string;
  /** A policy of one's own; empty for a built-in one. */
  readonly policyFile: string;
  readonly ringFd: number;
  readonly recordLayout: StructLayout;
  readonly applyFd: number;
  /** SYSCALL program that tells the kernel which thread decides. */
  readonly registerFd: number;
  readonly registerLayout: StructLayout;
  readonly decisionLayout: StructLayout;
  readonly bss: GlobalsInfo;
  readonly cells: Cells;
  readonly nrCpus: number;
  readonly sliceDefaultNs: number;
  readonly sliceMinNs: number;
}

export interface PolicyWorkerMessage {
  /** `loaded`: its silence counts from here; `ready`: it decides. */
  readonly state: 'loaded' | 'ready';
  readonly policy: string;
  /** for wakeRing() */
  readonly wakeFd: number;
  /** Its thread id, in our pid namespace. */
  readonly tid: number;
}

/** The worker is heard of this often even when nobody asks anything. */
const BEAT_MS = 200;

/** Made-up tasks before the first real ones: code is compiled when nobody waits for it. */
const WARM_ROWS = 64;
const WARM_ROUNDS = 300;
const WARM_NS = 300e6;

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

function warmUp(desk: Desk, ring: Ring, decisions: Decisions, cells: Cells): void {
  const { batch, node } = desk;
  const end = sys.monotonicNs() + WARM_NS;
  for (let round = 0; round < WARM_ROUNDS && cells[CELL.beatNs] < end; round++) {
    for (let i = 0; i < WARM_ROWS; i++) {
      batch.pid[i] = 1 + i;
      batch.weight[i] = 100;
      batch.vtime[i] = batch.key[i] = batch.clock[i] = 1e9 + round * 1e6;
      batch.sliceNs[i] = node.sliceDefaultNs;
      batch.burstNs[i] = i * 1e5;
    }
    decideRows(desk, WARM_ROWS, 1e9);
    decisions.encode(WARM_ROWS);
    decisions.apply(0);
    ring.drain();
    cells[CELL.beatNs] = sys.monotonicNs();
  }
}

/** Serves until it is asked to stop. A function of its own, so that it can be optimised while it runs. */
function serve(desk: Desk, ring: Ring, decisions: Decisions, globals: Globals, cells: Cells): void {
  while (cells[CELL.stop] === 0) {
    const now = sys.monotonicNs();
    cells[CELL.beatNs] = now;
    globals.write('user_seen_ns', now);
    ring.wait(BEAT_MS);
    const n = ring.drain();
    if (n === 0) continue;
    cells[CELL.drained] += n;
    decideRows(desk, n, now);
    decisions.apply(n);
    cells[CELL.decided] += n;
  }
}

async function run(data: PolicyWorkerData): Promise<void> {
  const { cells, bss } = data;
  const policy = await loadPolicy(data.mode, data.policyFile);
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
  const say = (state: PolicyWorkerMessage['state']): void =>
    parentPort?.postMessage({
      state,
      policy: policy.name,
      wakeFd: ring.wakeFd,
      tid: sys.gettid(),
    } satisfies PolicyWorkerMessage);

  cells[CELL.beatNs] = sys.monotonicNs();
  say('loaded');
  warmUp(desk, ring, decisions, cells);
  const register = openSyscallProgram(data.registerFd, data.registerLayout);
  register.run();
  register.close();
  say('ready');
  serve(desk, ring, decisions, globals, cells);
  ring.close();
  decisions.close();
  globals.close();
}

await run(workerData as PolicyWorkerData);
