// SPDX-License-Identifier: Apache-2.0
import { BpfError } from '../errors.ts';

/** The BpfError that the call throws; anything else, or nothing, fails the test. */
export function failure(call: () => unknown): BpfError {
  try {
    call();
  } catch (error) {
    if (error instanceof BpfError) return error;
    throw error;
  }
  throw new Error('expected a BpfError, nothing was thrown');
}
