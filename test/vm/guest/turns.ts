// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';

const TRACING = '/sys/kernel/tracing/';
const SWITCH = / (\d+\.\d+): sched_switch: .*\bprev_pid=(\d+) .*==> .*\bnext_pid=(\d+) /;

/**
 * The turns of tasks, ms, in the order in which they had them, from the kernel's trace of switches: what one ran until
 * another of `pids` ran. Who else came in between, such as the scheduler's own threads, only interrupts a turn. Those
 * that begin before the trace or end after it are left out.
 */
export function turnsIn(trace: string, pids: readonly number[]): ReadonlyMap<number, readonly number[]> {
  const turns = new Map(pids.map((pid): [number, number[]] => [pid, []]));
  let owner = 0;
  let ran = 0;
  let since: number | null = null;
  let whole = false;
  for (const line of trace.split('\n')) {
    const found = SWITCH.exec(line);
    if (found === null) continue;
    const [at, prev, next] = found.slice(1).map(Number);
    if (prev === owner && since !== null) ran += at - since;
    since = null;
    if (!turns.has(next)) continue;
    if (next !== owner) {
      if (whole) turns.get(owner)?.push(ran * 1e3);
      whole = owner !== 0;
      owner = next;
      ran = 0;
    }
    since = at;
  }
  return turns;
}

/** The turns of tasks that share one CPU while `during` lasts. */
export async function turnsDuring<T>(
  pids: readonly number[],
  during: () => Promise<T>,
): Promise<{ readonly result: T; readonly turns: ReadonlyMap<number, readonly number[]> }> {
  const set = (file: string, value: string): void => writeFileSync(TRACING + file, value);
  set('buffer_size_kb', '8192');
  set('trace_clock', 'mono');
  set('events/sched/sched_switch/filter', pids.map((pid) => `prev_pid == ${pid} || next_pid == ${pid}`).join(' || '));
  set('events/sched/sched_switch/enable', '1');
  set('trace', '');
  try {
    const result = await during();
    set('events/sched/sched_switch/enable', '0');
    return { result, turns: turnsIn(readFileSync(`${TRACING}trace`, 'utf8'), pids) };
  } finally {
    set('events/sched/sched_switch/enable', '0');
    set('events/sched/sched_switch/filter', '0');
  }
}
