// SPDX-License-Identifier: Apache-2.0
import type { DecisionBatch } from '../policies/policy.ts';
import type { RecordedBatch } from '../trace/parse-trace.ts';
import { compareOrders, keysInForce, type OrderChange, ranks } from './order.ts';
import type { Replay } from './replay.ts';

/** What a policy does to one task, over all batches that it is in. */
export interface TaskEffect {
  readonly pid: number;
  /** rows */
  readonly asked: number;
  /** places that it gained in its queues, against the kernel's order; negative: lost */
  readonly places: number;
  /** ns of virtual time; mean of how much earlier its key is, against the others of the batch; negative: later */
  readonly earlierNs: number;
}

export interface TrialReport {
  readonly policy: string;
  readonly batches: number;
  readonly tasks: number;
  /** opinions that differ from "no opinion" */
  readonly changed: { readonly key: number; readonly sliceNs: number; readonly cpu: number };
  /** of those, keys that the kernel would clamp */
  readonly clamped: number;
  readonly meanNsPerTask: number;
  /** of the batch that was slowest a task */
  readonly worstNsPerTask: number;
  readonly worstBatchMs: number;
  readonly againstKernel: OrderChange;
  /** against the built-in policy `gthulhu` */
  readonly againstGthulhu: OrderChange;
  readonly favoured: readonly TaskEffect[];
  readonly disadvantaged: readonly TaskEffect[];
}

/** How many of the tasks that are favoured or disadvantaged most. */
const TOP = 5;

/** Mean and worst, of replays of the same batches. */
export function timing(recorded: readonly RecordedBatch[], { batchNs, tasks }: Replay) {
  let worstNsPerTask = 0;
  let worstBatchNs = 0;
  for (const [i, ns] of batchNs.entries()) {
    worstNsPerTask = Math.max(worstNsPerTask, ns / Math.max(1, recorded[i].batch.length));
    worstBatchNs = Math.max(worstBatchNs, ns);
  }
  const sum = batchNs.reduce((total, ns) => total + ns, 0);
  return { meanNsPerTask: sum / Math.max(1, tasks), worstNsPerTask, worstBatchNs };
}

function countChanges(recorded: readonly RecordedBatch[], decisions: readonly DecisionBatch[]) {
  const changed = { key: 0, sliceNs: 0, cpu: 0 };
  let clamped = 0;
  for (const [i, one] of recorded.entries()) {
    const { key, sliceNs, cpu } = decisions[i];
    const inForce = keysInForce(one, decisions[i]);
    for (let row = 0; row < one.batch.length; row++) {
      if (key[row] !== one.batch.key[row]) changed.key++;
      if (sliceNs[row] !== 0) changed.sliceNs++;
      if (cpu[row] !== -1) changed.cpu++;
      if (inForce[row] !== key[row]) clamped++;
    }
  }
  return { changed, clamped };
}

type Effects = Map<number, { asked: number; places: number; earlierNs: number }>;

function effectOf(effects: Effects, pid: number) {
  const known = effects.get(pid);
  if (known !== undefined) return known;
  const fresh = { asked: 0, places: 0, earlierNs: 0 };
  effects.set(pid, fresh);
  return fresh;
}

/** Per task: an answer that delays all of a batch alike favours nobody. */
function taskEffects(
  recorded: readonly RecordedBatch[],
  keys: readonly Float64Array[],
  kernel: readonly Uint32Array[],
  ours: readonly Uint32Array[],
): TaskEffect[] {
  const effects: Effects = new Map();
  for (const [i, { batch }] of recorded.entries()) {
    const mean = keys[i].reduce((sum, key, row) => sum + (batch.key[row] - key), 0) / Math.max(1, batch.length);
    for (let row = 0; row < batch.length; row++) {
      const effect = effectOf(effects, batch.pid[row]);
      effect.asked++;
      effect.places += kernel[i][row] - ours[i][row];
      effect.earlierNs += batch.key[row] - keys[i][row] - mean;
    }
  }
  return [...effects].map(([pid, { asked, places, earlierNs }]) => ({
    pid,
    asked,
    places,
    earlierNs: earlierNs / asked,
  }));
}

/** @param first the replay whose answers count; @param again the same once more, when the code was warm */
export function makeReport(
  policy: string,
  recorded: readonly RecordedBatch[],
  first: Replay,
  again: Replay,
  gthulhu: Replay,
): TrialReport {
  const keysOf = ({ decisions }: Replay) => recorded.map((one, i) => keysInForce(one, decisions[i]));
  const ranksOf = (keys: readonly Float64Array[]) => keys.map((key, i) => ranks(recorded[i].batch.queue, key));
  const keys = keysOf(first);
  const ours = ranksOf(keys);
  const kernel = ranksOf(recorded.map(({ batch }) => batch.key));
  const effects = taskEffects(recorded, keys, kernel, ours);
  const byPlaces = effects.toSorted((a, b) => b.places - a.places || b.earlierNs - a.earlierNs || a.pid - b.pid);
  const { meanNsPerTask, worstNsPerTask, worstBatchNs } = timing(recorded, again);
  return {
    policy,
    batches: recorded.length,
    tasks: first.tasks,
    ...countChanges(recorded, first.decisions),
    meanNsPerTask,
    worstNsPerTask,
    worstBatchMs: Math.max(worstBatchNs, timing(recorded, first).worstBatchNs) / 1e6,
    againstKernel: compareOrders(ours, kernel),
    againstGthulhu: compareOrders(ours, ranksOf(keysOf(gthulhu))),
    favoured: byPlaces.filter(({ places }) => places > 0).slice(0, TOP),
    disadvantaged: byPlaces
      .filter(({ places }) => places < 0)
      .toReversed()
      .slice(0, TOP),
  };
}
