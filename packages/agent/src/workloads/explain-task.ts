// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { type Explanation, isProtecting, type TaskExplanation } from '@gthulhu/contracts';
import { readTask, type TaskDecision, type TaskOfCgroup } from '@gthulhu/workloads';
import type { StrategyBook } from '../strategies/strategy-book.ts';
import type { KernelAnswer } from './ask-scheduler.ts';
import type { NodeMatching } from './node-matching.ts';
import { toldLoss } from './told.ts';
import { workloadsAround } from './workloads-around.ts';

export interface ExplainParts {
  readonly book: StrategyBook;
  readonly matching: NodeMatching;
  readonly askKernel: (pid: number) => Promise<KernelAnswer>;
}

/** Number of the process that a thread belongs to; null when it is gone. */
function processOf(pid: number): number | null {
  try {
    const tgid = /^Tgid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return tgid === undefined ? null : Number(tgid);
  } catch {
    return null;
  }
}

/** Clock ticks of /proc on every architecture that Linux supports with sched_ext. */
const TICKS_PER_SECOND = 100;

/** Whether both are the same task, and none that was given the number later. */
const isSame = (task: TaskOfCgroup, kernel: TaskExplanation): boolean =>
  Math.abs(Number(task.startTicks) - Math.floor((kernel.startUs * TICKS_PER_SECOND) / 1e6)) <= 1;

function reasonOf(
  { strategy, workload, protectedBy, losses }: TaskDecision,
  available: boolean,
  clusterTitle: string,
): string {
  if (protectedBy !== null) return `it is protected: ${protectedBy}`;
  if (strategy === null)
    return available ? 'no strategy means it' : 'no strategy means it; no workloads are known on this node';
  const whom = workload === null ? 'every task of this machine' : `workload ${workload.name}`;
  const command = strategy.commandRegex === '' ? '' : ` with a command like ${JSON.stringify(strategy.commandRegex)}`;
  const over = losses.length === 0 ? '' : `; it goes before ${losses[0].strategy.id} by ${losses[0].because}`;
  const of = strategy.origin === 'cluster' ? ` of ${clusterTitle}` : '';
  return `strategy ${strategy.id}${of} means ${whom}${command}${over}`;
}

/** The rules that keep strategies from the protected are none of anybody's. */
const strategyIdOf = ({ strategyId }: TaskExplanation): string | null =>
  strategyId !== null && isProtecting(strategyId) ? null : strategyId;

function agrees(decision: TaskDecision, kernel: TaskExplanation | null): boolean | null {
  if (kernel === null) return null;
  return kernel.exempt || strategyIdOf(kernel) === (decision.strategy?.id ?? null);
}

/** Nanoseconds of the monotonic clock as a date. */
function dateOf(monotonicNs: number | null): string | null {
  if (monotonicNs === null) return null;
  const agoMs = (Number(process.hrtime.bigint()) - monotonicNs) / 1e6;
  return new Date(Date.now() - agoMs).toISOString();
}

/** Which strategy is for a task, why, and what the kernel has; null where there is no such task. */
export async function explainTask(
  { book, matching, askKernel }: ExplainParts,
  pid: number,
): Promise<Explanation | null> {
  const task = readTask(pid);
  const process = task === null ? null : processOf(pid);
  if (task === null || process === null) return null;
  const leaderComm = process === pid ? task.comm : (readTask(process)?.comm ?? '');
  const answer = await askKernel(pid);
  const same = answer.task === null || isSame(task, answer.task);
  const kernel = same ? answer.task : null;
  const { workloads, container } = workloadsAround(matching.workloads(), task.cgroupPath ?? '/');
  const decided = matching.decideForTask(workloads, { comm: task.comm, leaderComm });
  const decision =
    kernel?.exempt && decided.protectedBy === null
      ? { ...decided, strategy: null, losses: [], protectedBy: 'it is a thread of the kernel or of the scheduler' }
      : decided;
  const { strategy, protectedBy, losses } = decision;
  const workload = decision.workload ?? workloads[0];
  const updatedMs = strategy === null ? undefined : book.find(strategy.id)?.updatedMs;
  return {
    task: { pid, process, command: task.comm, processCommand: leaderComm, cgroupPath: task.cgroupPath },
    workload:
      workload === undefined
        ? null
        : {
            uid: workload.uid,
            namespace: workload.namespace,
            name: workload.name,
            labels: workload.labels,
            container: workload === workloads[0] ? (container?.name ?? null) : null,
          },
    matching: {
      strategyId: strategy?.id ?? null,
      origin: strategy?.origin ?? null,
      priority: strategy?.priority ?? null,
      sliceNs: strategy?.executionTimeNs ?? 0,
      cpus: strategy?.cpus ?? null,
      commandRegex: strategy?.commandRegex ?? '',
      since: updatedMs === undefined ? null : new Date(updatedMs).toISOString(),
      reason: reasonOf(decision, matching.available, book.clusterTitle),
      protectedBy,
      losers: losses.map(toldLoss),
    },
    kernel,
    kernelSince: kernel === null ? null : dateOf(kernel.sinceNs),
    kernelMissing: same ? answer.missing : `the number ${pid} was given to another task meanwhile; ask again`,
    agree: agrees(decision, kernel),
  };
}
