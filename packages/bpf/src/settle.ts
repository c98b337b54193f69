// SPDX-License-Identifier: Apache-2.0
import { BpfError } from './errors.ts';
import { sys } from './sys.ts';

/** After so long a process does only what it does all the time. */
const SETTLED_MS = 5_000;

/**
 * Gives back, a while after the start of a process, the memory that only its start took.
 * @param onStays hears why it stays: it does where memory is locked, by whoever started the process
 * @returns ends the wait for it
 */
export function releaseAfterStart(onStays: (reason: string) => void): () => void {
  if (typeof onStays !== 'function') throw new BpfError('ERR_BPF_ARGUMENT', 'onStays must be a function');
  const timer = setTimeout(() => {
    try {
      sys.releaseProgramPages();
    } catch (error) {
      onStays(error instanceof Error ? error.message : String(error));
    }
  }, SETTLED_MS).unref();
  return () => clearTimeout(timer);
}
