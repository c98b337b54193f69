// SPDX-License-Identifier: Apache-2.0

/** Why somebody is not let in; the message is sent to them. */
export class AuthError extends Error {
  override readonly name = 'AuthError';
}
