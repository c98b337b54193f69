// SPDX-License-Identifier: Apache-2.0
import { EXIT_KIND, type ExitKindName, exitKindName, isErrorKind, readExitCode } from './exit-kind.ts';
import { findInDump, parseStall, parseWatchdog } from './stall.ts';

/** What the kernel tells about the end of a scheduler. */
export interface ExitInfo {
  readonly kind: number;
  readonly code: number | bigint;
  /** The kernel's word for the kind: `runnable task stall`. */
  readonly reason: string;
  /** Details, may be empty. */
  readonly message: string;
  /** The debug dump, when one was kept. */
  readonly dump?: string;
}

/** What to do after an exit. */
export type Retry =
  /** Attach again at once: the kernel asked for it, nothing is wrong. */
  | 'restart-now'
  /** Attach again after a pause that grows: see backoffSeconds(). */
  | 'backoff'
  /** Stay away: somebody wanted the scheduler gone. */
  | 'stop';

export interface ExitExplanation {
  /** `SCX_EXIT_ERROR_STALL` without its prefix. */
  readonly kind: ExitKindName;
  /** One or two sentences for people: what happened, to whom, what to do. */
  readonly sentence: string;
  readonly retry: Retry;
}

const RT_CLASSES: Readonly<Record<string, string>> = {
  rt_sched_class: 'the real-time task',
  dl_sched_class: 'the deadline task',
  stop_sched_class: 'the kernel task',
};

function explainStall({ message, dump = '' }: ExitInfo): string {
  const watchdogSeconds = parseWatchdog(message);
  if (watchdogSeconds !== null) {
    return `The kernel's own check for waiting tasks did not run for ${watchdogSeconds.toFixed(1)} s: the machine is overloaded outside the scheduler's reach, for example by real-time tasks or a stopped virtual machine.`;
  }
  const stall = parseStall(message);
  if (stall === null)
    return `A task that could run waited too long for a CPU (${message || 'the kernel does not say which'}).`;
  const who = `Task ${stall.comm} (pid ${stall.pid}) could run but waited ${stall.seconds.toFixed(1)} s for a CPU`;
  const place = findInDump(dump, stall.pid);
  if (place === null) return `${who}, longer than scheduler.timeoutMs allows.`;
  const holder = place.current === null ? undefined : RT_CLASSES[place.currentClass];
  if (place.current !== null && holder !== undefined) {
    return `${who}: CPU ${place.cpu} was held by ${holder} ${place.current.comm} (pid ${place.current.pid}), which no sched_ext scheduler may interrupt. Give that task a runtime limit, or another CPU.`;
  }
  const by = place.current === null ? '' : ` while ${place.current.comm} (pid ${place.current.pid}) ran there`;
  return `${who} on CPU ${place.cpu}${by}, longer than scheduler.timeoutMs allows.`;
}

const detail = ({ reason, message }: ExitInfo): string => {
  const parts = [reason, message].filter((text) => text !== '');
  return parts.length === 0 ? 'the kernel gives no details' : parts.join(': ');
};

function sentence(info: ExitInfo): string {
  const { hotplug, restart } = readExitCode(info.code);
  switch (info.kind) {
    case EXIT_KIND.NONE:
      return 'The scheduler has not ended.';
    case EXIT_KIND.DONE:
      return 'The scheduler has ended and left nothing behind.';
    case EXIT_KIND.UNREG:
      return 'The scheduler was detached from user space, as when its process stops.';
    case EXIT_KIND.UNREG_BPF:
      return `The BPF program of the scheduler ended it by itself (${detail(info)}).`;
    case EXIT_KIND.UNREG_KERN:
      if (hotplug) return 'A CPU was switched on or off; the scheduler has to read the topology again.';
      return restart
        ? `The kernel asks for a restart (${detail(info)}).`
        : `The kernel detached the scheduler (${detail(info)}).`;
    case EXIT_KIND.SYSRQ:
      return 'Somebody ended the scheduler by SysRq-S. It stays off until it is started again.';
    case EXIT_KIND.PARENT_KILL:
      return 'The scheduler that this one was attached below has ended, and this one with it.';
    case EXIT_KIND.ERROR:
      return `The kernel found a mistake of the scheduler and removed it (${detail(info)}). Please report this message.`;
    case EXIT_KIND.ERROR_BPF:
      return `The BPF program found a state that it cannot go on from (${detail(info)}). Please report this message.`;
    case EXIT_KIND.ERROR_STALL:
      return explainStall(info);
    case EXIT_KIND.ERROR_REENQ:
      return `A task was put back into the queues again and again without running (${detail(info)}). Please report this message.`;
    case EXIT_KIND.ERROR_RESCUE:
      return `The kernel had to rescue waiting tasks more often than it allows (${detail(info)}). Please report this message.`;
    default:
      return `The kernel ended the scheduler for a reason that this version does not know: kind ${info.kind} (${detail(info)}).`;
  }
}

function retryAfter(info: ExitInfo): Retry {
  // Nobody who ends a scheduler on purpose wants it back, whatever the code says.
  if (info.kind === EXIT_KIND.SYSRQ || info.kind === EXIT_KIND.UNREG || info.kind === EXIT_KIND.PARENT_KILL)
    return 'stop';
  if (isErrorKind(info.kind)) return 'backoff';
  if (readExitCode(info.code).restart) return 'restart-now';
  if (info.kind === EXIT_KIND.UNREG_KERN || exitKindName(info.kind) === 'UNKNOWN') return 'backoff';
  return 'stop';
}

/** Says in words why a scheduler ended, and whether to attach it again. After any of them the machine runs on the kernel's own scheduler. */
export const explainExit = (info: ExitInfo): ExitExplanation => ({
  kind: exitKindName(info.kind),
  sentence: sentence(info),
  retry: retryAfter(info),
});
