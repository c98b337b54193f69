// SPDX-License-Identifier: Apache-2.0

/** Why the agent cannot start: one line for people, that says what to do. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
}
