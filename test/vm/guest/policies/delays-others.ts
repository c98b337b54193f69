// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import type { Policy } from '@gthulhu/scheduler';

const FAVOURED = '/run/gthulhu-test/favoured';

/** The largest key that a double counts to for everybody but one, and CPUs that do not exist. */
export function createPolicy(): Policy {
  let favoured = 0;
  return {
    name: 'delays-others',
    decide(batch, out) {
      if (favoured === 0 && existsSync(FAVOURED)) favoured = Number(readFileSync(FAVOURED, 'utf8'));
      for (let i = 0; i < batch.length; i++) {
        if (batch.pid[i] === favoured) continue;
        out.key[i] = 2 ** 53;
        out.sliceNs[i] = 1;
        out.cpu[i] = i % 2 === 0 ? 4096 : -7;
      }
    },
  };
}
