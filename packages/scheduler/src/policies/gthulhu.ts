// SPDX-License-Identifier: Apache-2.0
import { type DecisionBatch, NO_PRIORITY, type NodeView, type Policy, type TaskBatch } from './policy.ts';

/** Weight of a task at nice 0. */
const NICE_0 = 100;

/**
 * Virtual deadlines: `key = batch.key + min(burst * 100 / weight, one slice)`.
 *
 * A virtual deadline is where a task stands in virtual time plus what it asks for over its weight (I. Stoica and
 * H. Abdel-Wahab, "Earliest Eligible Virtual Deadline First", 1995: vd = ve + r / w). A task says nowhere what it asks
 * for; what it lately used between two sleeps is the best guess. So of two tasks with the same claim the one that will
 * be done sooner goes first, as in schedulers that count the time awake into the deadline.
 *
 * Fairness stays with vtime, which the kernel charges with what was really used: the deadline part is never more than
 * one slice and is not kept, so it changes who goes first and not who gets how much. The strategy's head start is in
 * `batch.key` already and is not given twice.
 *
 * A task lighter than nice 0 gets a slice as much shorter, not below the minimum, where the kernel would give the
 * default one: whoever comes next waits less for it. Slices of strategies and slices that the kernel has already
 * shortened are left alone.
 */
export class GthulhuPolicy implements Policy {
  readonly name = 'gthulhu';

  decide(batch: TaskBatch, out: DecisionBatch, node: NodeView): void {
    const bound = node.sliceDefaultNs;
    for (let i = 0; i < batch.length; i++) {
      const share = NICE_0 / Math.max(batch.weight[i], 1);
      out.key[i] = batch.key[i] + Math.min(batch.burstNs[i] * share, bound);

      const light = share > 1 && batch.priority[i] === NO_PRIORITY && batch.sliceNs[i] === node.sliceDefaultNs;
      out.sliceNs[i] = light ? Math.max(node.sliceDefaultNs / share, node.sliceMinNs) : 0;
    }
  }
}
