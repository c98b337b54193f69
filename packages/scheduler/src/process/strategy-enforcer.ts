// SPDX-License-Identifier: Apache-2.0
import { openDecisions, openRing, openSyscallProgram, wakeRing } from '@gthulhu/bpf';
import { entry } from '../log/entry.ts';
import type { Logger } from '../log/logger.ts';
import { compile, type Matcher } from '../strategies/matcher.ts';
import type { KernelSide } from './kernel-side.ts';
import {
  EVENT_CAPACITY,
  NO_PRIORITY,
  nameOfWords,
  POLICY_UPDATE_CAPACITY,
  POLICY_UPDATE_COLUMNS,
  TASK_EVENT_COLUMNS,
} from './records.ts';

const WAIT_MS = 1000;
/** Fields of `struct scan_args`, u32 each. */
const SCAN = { skip: 0, told: 1, more: 2, words: 4 } as const;
/** A machine whose tasks come faster than they can be told of: give up for now, the next scan goes on. */
const SCAN_ROUNDS = 1000;

/** TASK_EVENT_SCAN of records.h: told of by a scan, once a task. */
const EVENT_SCAN = 3;

/** How often slices are looked at where no timer can be armed for each: a quarter of the shortest, ns. */
const LEAST_POLL_NS = 250_000;

/** @param slicesNs of the strategies; 0 is none */
export function slicePollNs(slicesNs: readonly number[]): number {
  const given = slicesNs.filter((ns) => ns > 0);
  return given.length === 0 ? 0 : Math.max(LEAST_POLL_NS, Math.floor(Math.min(...given) / 4));
}

/** Gives every task the parameters of the strategy that matches its command, now and whenever a command changes. */
export interface StrategyEnforcer {
  /** From now on these; tasks that no strategy matches any more go back to none. */
  enforce(matcher: Matcher): void;
  stop(): Promise<void>;
}

export function startStrategyEnforcer(kernel: KernelSide, logger: Logger): StrategyEnforcer {
  const { object } = kernel;
  const eventsFd = object.map('commands').info.fd;
  const ring = openRing(eventsFd, object.layout('task_event'), TASK_EVENT_COLUMNS, EVENT_CAPACITY);
  const updates = openDecisions(
    object.programFd('set_policies'),
    object.globals('.bss'),
    'policy_updates',
    object.layout('policy_update'),
    POLICY_UPDATE_COLUMNS,
    POLICY_UPDATE_CAPACITY,
  );
  const scanProgram = openSyscallProgram(object.programFd('scan_tasks'), object.layout('scan_args'));
  const pollProgram = openSyscallProgram(object.programFd('poll_slices'), object.layout('poll_args'));
  const event = ring.columns;
  const update = updates.columns;
  let matcher: Matcher | null = null;
  let stopping = false;
  let lost = 0;
  let matched = 0;

  const name = (prefix: string, i: number): string =>
    nameOfWords(event[`${prefix}_0`][i], event[`${prefix}_1`][i], event[`${prefix}_2`][i], event[`${prefix}_3`][i]);

  function addUpdate(row: number, i: number): void {
    const match = matcher?.match({ comm: name('comm', i), leaderComm: name('leader', i) }) ?? null;
    if (match !== null && event.kind[i] === EVENT_SCAN) matched++;
    update.start_us[row] = event.start_us[i];
    update.pid[row] = event.pid[i];
    update.priority[row] = match?.strategy.priority ?? NO_PRIORITY;
    update.slice_ns[row] = match?.strategy.sliceNs ?? 0;
    update.strategy[row] = match === null ? 0 : match.index + 1;
  }

  /** Tells the kernel what applies to every task that an event is about. */
  function drainEvents(): void {
    for (let n = ring.drain(); n > 0; n = ring.drain()) {
      for (let from = 0; from < n; from += POLICY_UPDATE_CAPACITY) {
        const rows = Math.min(POLICY_UPDATE_CAPACITY, n - from);
        for (let row = 0; row < rows; row++) addUpdate(row, from + row);
        updates.apply(rows);
      }
    }
  }

  /** Every task there is. What happens meanwhile raises events of its own. */
  function scan(): void {
    lost = kernel.eventsLost();
    matched = 0;
    const context = new Uint32Array(SCAN.words);
    const bytes = new Uint8Array(context.buffer);
    let skip = 0;
    for (let round = 0; round < SCAN_ROUNDS; round++) {
      context.fill(0);
      context[SCAN.skip] = skip;
      scanProgram.run(bytes);
      drainEvents();
      skip += context[SCAN.told];
      if (context[SCAN.more] === 0) break;
    }
    // A full ring in the middle of a scan is no loss: the scan goes on where it stopped.
    lost = kernel.eventsLost();
  }

  async function follow(): Promise<void> {
    while (!stopping) {
      await ring.waitAsync(WAIT_MS);
      if (stopping) break;
      drainEvents();
      if (kernel.eventsLost() !== lost) {
        logger.debug('events of commands were lost; looking at all tasks again');
        scan();
      }
    }
  }

  let following: Promise<void> | null = null;
  return {
    enforce(next) {
      matcher = next;
      kernel.watchCommands();
      pollProgram.run(new Uint8Array(new BigUint64Array([BigInt(slicePollNs(next.slicesNs))]).buffer));
      scan();
      logger.debug(`${matched} tasks have a strategy`, { matched });
      following ??= follow().catch((error: unknown) =>
        logger.log(
          entry(
            `strategies are no longer followed: ${error instanceof Error ? error.message : String(error)}`,
            'strategies are no longer followed',
            {},
            'error',
          ),
        ),
      );
    },
    async stop() {
      if (stopping) return;
      stopping = true;
      wakeRing(ring.wakeFd);
      await following;
      ring.close();
      updates.close();
      scanProgram.close();
      pollProgram.close();
    },
  };
}

/** For a scheduler that was adopted from a process with strategies: its tasks go back to none. */
export async function forgetStrategies(kernel: KernelSide, logger: Logger): Promise<void> {
  const enforcer = startStrategyEnforcer(kernel, logger);
  enforcer.enforce(compile([]));
  await enforcer.stop();
  kernel.unwatchCommands();
}
