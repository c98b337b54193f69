// SPDX-License-Identifier: Apache-2.0

type Say = (text: string, fields?: Readonly<Record<string, string | number | boolean | null>>) => void;

/** Where the agent writes what people should know. */
export interface AgentLog {
  readonly debug: Say;
  readonly info: Say;
  readonly warn: Say;
  readonly error: Say;
}
