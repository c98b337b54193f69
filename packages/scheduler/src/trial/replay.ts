// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import type { DecisionBatch, NodeView, Policy, TaskBatch } from '../policies/policy.ts';
import { describeThrown, PolicyFault } from '../policies/policy-module.ts';
import { checkDecisions } from '../process/policy-batch.ts';
import { DECISION_CAPACITY } from '../process/records.ts';
import { BATCH_COLUMNS } from '../trace/columns.ts';
import type { RecordedBatch } from '../trace/parse-trace.ts';

/** What a policy answered to each batch, and how long that took. */
export interface Replay {
  readonly decisions: readonly DecisionBatch[];
  readonly tasks: number;
  /** ns for each batch, without the time in which the thread waited for a CPU */
  readonly batchNs: Float64Array;
}

/** A batch that took longer may have waited for a CPU meanwhile: worth a look. */
const SUSPICIOUS_NS = 1e6;

/** How long this thread has waited for a CPU, ns; 0 on a kernel that does not count it. */
function waitedNs(): number {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[1]) || 0;
  } catch {
    return 0;
  }
}

const columnsOfCapacity = <Name extends string>(names: readonly Name[], capacity: number) =>
  Object.fromEntries(names.map((name) => [name, new Float64Array(capacity)])) as Record<Name, Float64Array>;

/** The desk that a policy works at when it is live: one batch object, longer columns, what was there before behind the end. */
function makeDesk(capacity: number) {
  const names = BATCH_COLUMNS.map(({ name }) => name);
  const columns = columnsOfCapacity(names, capacity);
  const batch: TaskBatch & { length: number } = { ...columns, length: 0 };
  const out: DecisionBatch = columnsOfCapacity(['key', 'sliceNs', 'cpu'], capacity);
  const node = { nrCpus: 0, sliceDefaultNs: 0, sliceMinNs: 0, nowNs: 0 };
  return {
    batch,
    out,
    node: node as NodeView,
    lay(recorded: RecordedBatch): void {
      const { length } = recorded.batch;
      batch.length = length;
      Object.assign(node, recorded.node);
      for (const name of names) columns[name].set(recorded.batch[name]);
      out.key.set(recorded.batch.key);
      out.sliceNs.fill(0, 0, length);
      out.cpu.fill(-1, 0, length);
    },
  };
}

/** What an async function gives: nobody waits for it, and what it answers later belongs to another batch. */
const isPromise = (value: unknown): boolean =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';

/**
 * Lets a policy decide on recorded batches.
 * @param file of the policy, for messages
 * @param onProgress called now and then, and before each batch that could be the last one
 * @throws PolicyFault where it throws or answers what the process refuses
 */
export function replay(
  policy: Policy,
  recorded: readonly RecordedBatch[],
  file: string,
  onProgress: () => void = () => {},
): Replay {
  const capacity = recorded.reduce((most, { batch }) => Math.max(most, batch.length), DECISION_CAPACITY);
  const { batch, out, node, lay } = makeDesk(capacity);
  const decisions: DecisionBatch[] = [];
  const batchNs = new Float64Array(recorded.length);
  let tasks = 0;
  let waitedBefore = waitedNs();
  for (const [i, one] of recorded.entries()) {
    lay(one);
    const start = process.hrtime.bigint();
    let answer: unknown;
    try {
      answer = policy.decide(batch, out, node);
    } catch (error) {
      throw new PolicyFault(`${describeThrown(error, file)} (in decide, batch ${i} of ${recorded.length})`);
    }
    if (isPromise(answer))
      throw new PolicyFault(`${file}: decide returned a promise; it must answer at once: remove async and await`);
    let took = Number(process.hrtime.bigint() - start);
    if (took > SUSPICIOUS_NS) {
      const waited = waitedNs();
      took = Math.max(0, took - (waited - waitedBefore));
      waitedBefore = waited;
    }
    batchNs[i] = took;
    const { length } = one.batch;
    try {
      checkDecisions(policy.name, out, length);
    } catch (error) {
      throw new PolicyFault(
        `${file}: ${error instanceof Error ? error.message : error} (batch ${i} of ${recorded.length})`,
      );
    }
    tasks += length;
    decisions.push({
      key: out.key.slice(0, length),
      sliceNs: out.sliceNs.slice(0, length),
      cpu: out.cpu.slice(0, length),
    });
    onProgress();
  }
  return { decisions, tasks, batchNs };
}
