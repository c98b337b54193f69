// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '@gthulhu/scheduler';

export function createPolicy(): Policy {
  return {
    name: 'not-a-number',
    decide(batch, out) {
      for (let i = 0; i < batch.length; i++) out.key[i] = Number.NaN;
    },
  };
}
