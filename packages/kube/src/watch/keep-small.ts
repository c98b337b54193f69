// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';

/**
 * For a process that watches, to be called once before it does: left to itself V8 lets the garbage of events grow to some
 * 100 MB before it looks at it. V8 takes these flags at any time.
 */
export function keepSmall(): void {
  setFlagsFromString('--optimize-for-size');
  // Marked bit by bit, the old has grown by 8 MiB before it is collected: all that comes meanwhile, buffers of sockets too,
  // counts as old, and malloc seldom gives back what they had. At once it takes V8 no longer than the last bit did.
  setFlagsFromString('--no-incremental-marking');
  // Percent of what is kept that may come on top before the old is collected, but 2 MiB at least.
  setFlagsFromString('--heap-growing-percent=10');
}
