// SPDX-License-Identifier: Apache-2.0
import type { DecisionBatch, Policy, TaskBatch } from './policy.ts';

/**
 * First come, first served. The key is where the queue's clock stood when the task came: the clock never goes back, so
 * later arrivals never have a smaller key, and equal keys stay in the order in which they are decided. The time of
 * arrival itself would be on another scale than the keys of tasks that nobody was asked about.
 *
 * The kernel keeps each key within one slice of its own, so the order is exact between tasks whose vtime is within a
 * slice of the clock; one that used much more than its share still waits for the others.
 */
export class SimpleFifoPolicy implements Policy {
  readonly name = 'simple-fifo';

  decide(batch: TaskBatch, out: DecisionBatch): void {
    for (let i = 0; i < batch.length; i++) out.key[i] = batch.clock[i];
  }
}
