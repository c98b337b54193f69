// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import type { Policy } from '@gthulhu/scheduler';

const FAVOURED = '/run/gthulhu-test/favoured';

/** Key 0, before everything else, for one task. */
export function createPolicy(): Policy {
  let favoured = 0;
  return {
    name: 'favours-zero',
    decide(batch, out) {
      if (favoured === 0 && existsSync(FAVOURED)) favoured = Number(readFileSync(FAVOURED, 'utf8'));
      for (let i = 0; i < batch.length; i++) if (batch.pid[i] === favoured) out.key[i] = 0;
    },
  };
}
