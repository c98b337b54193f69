// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '@gthulhu/scheduler';

export function createPolicy(): Policy {
  return {
    name: 'throws',
    decide() {
      throw new Error('this policy always fails');
    },
  };
}
