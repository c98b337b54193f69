// SPDX-License-Identifier: Apache-2.0

/** What somebody sent cannot be used. The message names the place and says what to do. */
export class InputError extends Error {
  override readonly name = 'InputError';
}
