// SPDX-License-Identifier: Apache-2.0
import type { NodeFailureKind } from '@gthulhu/scheduler';

/** What scripts can tell apart. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  auth: 4,
  conflict: 5,
  degraded: 6,
  unsupported: 78,
  interrupted: 130,
} as const;

export const EXIT_OF_FAILURE: Readonly<Record<NodeFailureKind, number>> = {
  usage: EXIT.usage,
  unreachable: EXIT.failed,
  refused: EXIT.auth,
  missing: EXIT.notFound,
  conflict: EXIT.conflict,
  failed: EXIT.failed,
};
