// SPDX-License-Identifier: Apache-2.0
import { setFlagsFromString } from 'node:v8';

/**
 * For a process that watches, to be called once before it does: left to itself V8 lets the garbage of events grow to some
 * 100 MB before it looks at it. V8 takes these flags at any time.
 */
export function keepSmall(): void {
  setFlagsFromString('--optimize-for-size');
  // Else nothing young is collected while the old is marked bit by bit: all that comes meanwhile, buffers of sockets too,
  // counts as old afterwards, and malloc seldom gives back what they had.
  setFlagsFromString('--no-separate-gc-phases');
  // Percent of what is kept that may come on top before the old is collected, but 2 MiB at least.
  setFlagsFromString('--heap-growing-percent=10');
}
