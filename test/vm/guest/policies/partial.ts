// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import type { Policy } from '@gthulhu/scheduler';

const FAVOURED = '/run/gthulhu-test/favoured';
const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Answers at once, but for batches that begin with an odd pid: those answers come when the wait is over. Not in its
 * trial, which it would not pass.
 */
export function createPolicy(): Policy {
  return {
    name: 'partial',
    decide(batch) {
      if (batch.pid[0] % 2 === 1 && existsSync(FAVOURED)) Atomics.wait(never, 0, 0, 80);
    },
  };
}
