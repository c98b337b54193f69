// SPDX-License-Identifier: Apache-2.0
import { sweepRunFolders } from './run-folder.ts';

/** The processes of a run end with the one that started them; this takes away what it had in memory. */
export function setup(): () => void {
  return sweepRunFolders;
}
