// SPDX-License-Identifier: Apache-2.0
import { EXIT } from '../exit-code.ts';

/** The processes of `gthulhu up`. */
export type ProcessName = 'agent' | 'scheduler';

/** How one of them ended without being asked to. */
export interface ProcessEnd {
  readonly name: ProcessName;
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  readonly livedMs: number;
  /** Ends in a row, each soon after its start; this one is not yet counted. */
  readonly failuresBefore: number;
}

export type NextStep =
  | { readonly act: 'restart'; readonly pauseSeconds: number; readonly failures: number; readonly sentence: string }
  /** The others go on without it. */
  | { readonly act: 'leave'; readonly sentence: string }
  | { readonly act: 'end'; readonly sentence: string };

/** One that has lived so long did not fail at its start. */
const SETTLED_MS = 60_000;
const MOST_FAILURES = 5;

const howItEnded = ({ code, signal }: ProcessEnd): string =>
  signal === null ? `with exit code ${code}` : `by ${signal}`;

/** What to do when a process has ended by itself: 1, 2, 4, 8, 16 s until it is started again, then no more. */
export function afterEnd(end: ProcessEnd): NextStep {
  const { name, code, livedMs, failuresBefore } = end;
  if (name === 'scheduler' && code === EXIT.unsupported)
    return {
      act: 'leave',
      sentence: 'this kernel cannot run the scheduler, as it says above; the node API goes on without it',
    };
  const failures = livedMs >= SETTLED_MS ? 1 : failuresBefore + 1;
  const ended = `the ${name} has ended ${howItEnded(end)}`;
  if (failures > MOST_FAILURES)
    return { act: 'end', sentence: `${ended}, ${failures} times soon after its start: everything ends` };
  const pauseSeconds = 2 ** (failures - 1);
  return { act: 'restart', pauseSeconds, failures, sentence: `${ended}; it is started again in ${pauseSeconds} s` };
}
