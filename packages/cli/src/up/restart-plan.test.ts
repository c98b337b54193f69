// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { afterEnd, type ProcessEnd } from './restart-plan.ts';

const end = (of: Partial<ProcessEnd>): ProcessEnd => ({
  name: 'agent',
  code: 1,
  signal: null,
  livedMs: 500,
  failuresBefore: 0,
  ...of,
});

test.each([
  [
    {},
    {
      act: 'restart',
      pauseSeconds: 1,
      failures: 1,
      sentence: 'the agent has ended with exit code 1; it is started again in 1 s',
    },
  ],
  [{ code: 0 }, { act: 'restart', pauseSeconds: 1, failures: 1 }],
  [{ failuresBefore: 4 }, { act: 'restart', pauseSeconds: 16, failures: 5 }],
  [
    { failuresBefore: 5 },
    { act: 'end', sentence: 'the agent has ended with exit code 1, 6 times soon after its start: everything ends' },
  ],
  [
    { failuresBefore: 5, livedMs: 60_000 },
    { act: 'restart', pauseSeconds: 1, failures: 1 },
  ],
  [
    { code: null, signal: 'SIGKILL' },
    { act: 'restart', sentence: 'the agent has ended by SIGKILL; it is started again in 1 s' },
  ],
  [{ name: 'scheduler', code: 78 }, { act: 'leave' }],
  [{ code: 78 }, { act: 'restart' }],
] as const)('%j', (of, expected) => {
  expect(afterEnd(end(of))).toMatchObject(expected);
});
