// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import type { Policy } from '@gthulhu/scheduler';

const FAVOURED = '/run/gthulhu-test/favoured';
const never = new Int32Array(new SharedArrayBuffer(4));

/** 200 ms for each batch, when it has passed its trial and there is a task to favour. */
export function createPolicy(): Policy {
  return {
    name: 'slow',
    decide() {
      if (existsSync(FAVOURED)) Atomics.wait(never, 0, 0, 200);
    },
  };
}
