// SPDX-License-Identifier: Apache-2.0
/**
 * The policy's own thread: records out of the ring, decisions back to the kernel, one native call each a batch. It
 * does nothing else, and nothing waits for it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type GlobalsInfo,
  openDecisions,
  openGlobals,
  openRing,
  openSyscallProgram,
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

export interface PolicyWorkerReady {
  readonly policy: string;
  /** for wakeRing() */
  readonly wakeFd: number;
}

/** The worker is heard of this often even when nobody asks anything. */
const BEAT_MS = 200;

/** Rows and rounds of made-up tasks before the first real one: code is compiled when nobody pays for it. */
const WARM_ROWS = 64;
const WARM_ROUNDS = 200;

function warmUp(policy: Policy, batch: MutableBatch, out: DecisionBatch, node: NodeView): void {
  batch.length = WARM_ROWS;
  for (let round = 0; round < WARM_ROUNDS; round++) {
    for (let i = 0; i < WARM_ROWS; i++) {
      batch.pid[i] = 1 + i;
      batch.weight[i] = 100;
      batch.vtime[i] = batch.key[i] = batch.clock[i] = 1e9 + round * 1e6;
      batch.sliceNs[i] = node.sliceDefaultNs;
      batch.burstNs[i] = i * 1e5;
      out.key[i] = batch.key[i];
      out.sliceNs[i] = 0;
      out.cpu[i] = -1;
    }
    policy.decide(batch, out, node);
    checkDecisions(policy.name, out, WARM_ROWS);
  }
}

async function run(data: PolicyWorkerData): Promise<void> {
  const { cells } = data;
  const policy = await loadPolicy(data.mode, data.policyFile);
  const ring = openRing(data.ringFd, data.recordLayout, TASK_RECORD_COLUMNS, DECISION_CAPACITY);
  const decisions = openDecisions(
    data.applyFd,
    data.bss,
    'decisions',
    data.decisionLayout,
    DECISION_COLUMNS,
    DECISION_CAPACITY,
  );
  const globals = openGlobals(data.bss);
  const batch = makeBatch(ring.columns);
  const out = makeDecisionBatch(decisions.columns);
  const { gen, pid, queue } = decisions.columns;
  const node: { -readonly [K in keyof NodeView]: NodeView[K] } = {
    nrCpus: data.nrCpus,
    sliceDefaultNs: data.sliceDefaultNs,
    sliceMinNs: data.sliceMinNs,
    nowNs: 0,
  };
  warmUp(policy, batch, out, node);
  const register = openSyscallProgram(data.registerFd, data.registerLayout);
  register.run();
  register.close();
  parentPort?.postMessage({ policy: policy.name, wakeFd: ring.wakeFd } satisfies PolicyWorkerReady);

  while (cells[CELL.stop] === 0) {
    const now = sys.monotonicNs();
    cells[CELL.beatNs] = now;
    globals.write('user_seen_ns', now);
    ring.wait(BEAT_MS);
    const n = ring.drain();
    if (n === 0) continue;
    cells[CELL.drained] += n;
    batch.length = n;
    node.nowNs = now;
    for (let i = 0; i < n; i++) {
      gen[i] = batch.gen[i];
      pid[i] = batch.pid[i];
      queue[i] = batch.queue[i];
      out.key[i] = batch.key[i];
      out.sliceNs[i] = 0;
      out.cpu[i] = -1;
    }
    policy.decide(batch, out, node);
    checkDecisions(policy.name, out, n);
    decisions.apply(n);
    cells[CELL.decided] += n;
  }
  ring.close();
  decisions.close();
  globals.close();
}

await run(workerData as PolicyWorkerData);
