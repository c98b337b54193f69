// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { turnsIn } from './guest/turns.ts';

const line = (ms: number, prev: string, next: string): string => {
  const [prevComm, prevPid] = prev.split('-');
  const [nextComm, nextPid] = next.split('-');
  const time = (1000 + ms / 1e3).toFixed(6);
  return ` ${prev} [000] d..2. ${time}: sched_switch: prev_comm=${prevComm} prev_pid=${prevPid} prev_prio=120 prev_state=R ==> next_comm=${nextComm} next_pid=${nextPid} next_prio=120 `;
};
const rounded = (turns: ReadonlyMap<number, readonly number[]>): unknown =>
  Object.fromEntries([...turns].map(([pid, lengths]) => [pid, lengths.map((ms) => Number(ms.toFixed(3)))]));

it('says how long each turn was, but for the first and the last', () => {
  const trace = [
    '# tracer: nop',
    line(0, 'swapper/0-0', 'short-7'),
    line(1, 'short-7', 'long-8'),
    line(21, 'long-8', 'short-7'),
    line(22, 'short-7', 'long-8'),
    line(41, 'long-8', 'short-7'),
  ].join('\n');
  expect(rounded(turnsIn(trace, [7, 8]))).toEqual({ 7: [1], 8: [20, 19] });
});

it('counts a turn that somebody interrupts as one', () => {
  const trace = [
    line(0, 'short-7', 'long-8'),
    line(1, 'long-8', 'short-7'),
    line(1.5, 'short-7', 'gthulhu-99'),
    line(1.75, 'gthulhu-99', 'kworker/0:1-5'),
    line(2, 'kworker/0:1-5', 'short-7'),
    line(2.5, 'short-7', 'long-8'),
    line(3, 'long-8', 'short-7'),
  ].join('\n');
  expect(rounded(turnsIn(trace, [7, 8]))).toEqual({ 7: [1], 8: [0.5] });
});
