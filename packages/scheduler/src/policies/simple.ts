// SPDX-License-Identifier: Apache-2.0
import type { DecisionBatch, Policy, TaskBatch } from './policy.ts';

/** Weighted virtual time and nothing else: strategies and bursts do not count. */
export class SimplePolicy implements Policy {
  readonly name = 'simple';

  decide(batch: TaskBatch, out: DecisionBatch): void {
    for (let i = 0; i < batch.length; i++) out.key[i] = batch.vtime[i];
  }
}
