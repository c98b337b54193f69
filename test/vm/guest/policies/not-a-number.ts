// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import type { Policy } from '@gthulhu/scheduler';

const FAVOURED = '/run/gthulhu-test/favoured';

/** Passes its trial, and answers with no numbers when there is a task to favour. */
export function createPolicy(): Policy {
  return {
    name: 'not-a-number',
    decide(batch, out) {
      if (!existsSync(FAVOURED)) return;
      for (let i = 0; i < batch.length; i++) out.key[i] = Number.NaN;
    },
  };
}
