// SPDX-License-Identifier: Apache-2.0

/** What somebody wants cannot be done with what is there now. The message names it and says what to do. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}
