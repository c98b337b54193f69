// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AgentLog } from '../agent-log.ts';
import { type Known, tellOfAge } from './age-log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('it is said once that it gets old, and once that it is of now again', () => {
  const lines: string[] = [];
  const say = (level: string) => (text: string) => void lines.push(`${level} ${text}`);
  const log: AgentLog = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  let known: Known = { what: 'workloads', current: true, note: '' };
  const end = tellOfAge(() => [known], log, 1_000);
  const be = (current: boolean, seconds: number): void => {
    known = { ...known, current, note: current ? '' : 'nobody answers' };
    vi.advanceTimersByTime(seconds * 1_000);
  };
  be(true, 3);
  // Back by the next look.
  be(false, 1);
  be(true, 3);
  expect(lines).toEqual([]);
  be(false, 10);
  expect(lines).toEqual(['warn workloads: nobody answers']);
  be(true, 10);
  be(false, 10);
  expect(lines.slice(1)).toEqual(['info workloads: of now again', 'warn workloads: nobody answers']);
  end();
  be(true, 10);
  expect(lines).toHaveLength(3);
});
