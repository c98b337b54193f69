// SPDX-License-Identifier: Apache-2.0
import { namesWorkloads, type PlainStrategy } from './record.ts';

/** Priorities below this one push others off a CPU. */
const URGENT_BELOW = 10;
/** A reply longer in warnings than this is not read. */
const SHOWN = 50;

function warningsOf(strategy: PlainStrategy, workloadsKnown: boolean, nowMs: number): string[] {
  const { pid, priority, execution_time, cpus, command_regex, expiresAt } = strategy;
  if (pid !== undefined) {
    return [
      `pid ${pid} is stored and listed, but not put in force: the kernel gives the number to another process later; use command_regex, selectors or namespaces`,
    ];
  }
  const found: string[] = [];
  if (expiresAt !== undefined && Date.parse(expiresAt) <= nowMs) {
    found.push(`expiresAt ${expiresAt} is past: it means nobody`);
  }
  if (namesWorkloads(strategy) && !workloadsKnown) {
    found.push('names workloads, and none are known on this node: it matches nothing yet');
  }
  if (priority === undefined && execution_time === undefined && cpus === undefined) {
    found.push('sets neither priority nor execution_time nor cpus: it only keeps weaker strategies from matching');
  }
  if (!namesWorkloads(strategy) && command_regex === undefined && (priority ?? URGENT_BELOW) < URGENT_BELOW) {
    found.push(
      `gives priority ${priority} to every command of this node, and may push others off a CPU; add a command_regex`,
    );
  }
  return found;
}

/** What is stored and will not do what its author may expect. */
export function strategyWarnings(
  strategies: readonly PlainStrategy[],
  workloadsKnown: boolean,
  nowMs = Date.now(),
): string[] {
  const found = strategies.flatMap((strategy, index) =>
    warningsOf(strategy, workloadsKnown, nowMs).map((warning) => `strategies[${index}]: ${warning}`),
  );
  return found.length <= SHOWN ? found : [...found.slice(0, SHOWN), `and ${found.length - SHOWN} more warnings`];
}
