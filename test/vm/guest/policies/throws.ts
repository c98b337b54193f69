// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import type { Policy } from '@gthulhu/scheduler';

const FAVOURED = '/run/gthulhu-test/favoured';

/** Passes its trial, and fails when there is a task to favour. */
export function createPolicy(): Policy {
  return {
    name: 'throws',
    decide() {
      if (existsSync(FAVOURED)) throw new Error('this policy always fails');
    },
  };
}
