// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '@gthulhu/scheduler';

const never = new Int32Array(new SharedArrayBuffer(4));

/** 200 ms for each batch. */
export function createPolicy(): Policy {
  return {
    name: 'slow',
    decide() {
      Atomics.wait(never, 0, 0, 200);
    },
  };
}
