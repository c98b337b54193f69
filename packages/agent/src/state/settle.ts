// SPDX-License-Identifier: Apache-2.0
import { sys } from '@gthulhu/bpf';
import type { AgentLog } from '../agent-log.ts';

/** After so long it does only what it does all the time. */
const SETTLED_MS = 5_000;

/** Gives back, a while after the start, the memory that only the start took. @returns ends the wait for it */
export function settle(log: AgentLog): () => void {
  const timer = setTimeout(() => {
    try {
      sys.releaseProgramPages();
    } catch (error) {
      // Where memory is locked, by whoever started us, it stays.
      log.debug(`memory of the start stays: ${(error as Error).message}`);
    }
  }, SETTLED_MS).unref();
  return () => clearTimeout(timer);
}
