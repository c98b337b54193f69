// SPDX-License-Identifier: Apache-2.0
export const TRIAL_OUTPUTS = ['table', 'json'] as const;
export type TrialOutput = (typeof TRIAL_OUTPUTS)[number];

export interface TestPolicyOptions {
  readonly file: string;
  /** A recording instead of the one that comes with the program. */
  readonly trace?: string | undefined;
  readonly output: TrialOutput;
  readonly write: (text: string) => void;
  readonly warn: (line: string) => void;
}
