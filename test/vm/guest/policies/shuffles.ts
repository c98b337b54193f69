// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '@gthulhu/scheduler';

/** Another order each time, as far as the kernel lets it: every task that is asked about gets an opinion that counts. */
export function createPolicy(): Policy {
  return {
    name: 'shuffles',
    decide(batch, out, node) {
      for (let i = 0; i < batch.length; i++)
        out.key[i] = Math.max(0, batch.key[i] + (2 * Math.random() - 1) * node.sliceDefaultNs);
    },
  };
}
