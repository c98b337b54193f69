// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BpfError } from '@gthulhu/bpf';
import type { Config } from '@gthulhu/contracts';
import { loadConfig } from '../config/config-file.ts';
import { effectiveMode } from '../config/parse-config.ts';
import { ConfigError, formatProblem } from '../config/problem.ts';
import { backoffSeconds } from '../explain-exit/backoff.ts';
import { EXIT_KIND } from '../explain-exit/exit-kind.ts';
import { explainExit } from '../explain-exit/explain-exit.ts';
import { entry } from '../log/entry.ts';
import { createLogger, type LogFormat, type Logger } from '../log/logger.ts';
import * as say from '../log/messages.ts';
import { claimPins } from './claim-pins.ts';
import type { Loaded } from './kernel-side.ts';
import { PinFolder } from './pin-folder.ts';
import { obstacle, readSchedExtState } from './sched-ext-support.ts';
import { type RunEnd, runOnce } from './scheduler-run.ts';
import { endPinned } from './takeover.ts';

export interface SchedulerOptions {
  /** Path of the YAML file; undefined for the defaults. */
  readonly config?: string | undefined;
  readonly logFormat?: LogFormat;
  /** As if the configuration said `api.enabled: true`. */
  readonly api?: boolean;
  readonly write?: (line: string) => void;
}

/** What GTHULHU_SCHEDULER_OBJECT names (bin/gthulhu sets it), else build/bpf of the source tree. */
export function schedulerObjectPath(): string {
  return (
    process.env.GTHULHU_SCHEDULER_OBJECT ??
    fileURLToPath(new URL('../../../../build/bpf/scheduler.bpf.o', import.meta.url))
  );
}

/** CPUs that come and go in a row: let them settle. */
const RESTART_PAUSE_MS = 500;
/** After so long in force an ejection is the first one again. */
const FORGIVEN_MS = 10 * 60_000;

/** A signal to a process group arrives twice where somebody passes it on: that is one wish. */
const SAME_WISH_MS = 1000;

/** Aborted by the first SIGINT or SIGTERM; a second one, later, ends the process at once. */
function signals(logger: Logger): AbortController {
  const controller = new AbortController();
  let first = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      if (performance.now() - first > SAME_WISH_MS) process.exit(1);
      return;
    }
    first = performance.now();
    logger.log(say.osSignal(name));
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return controller;
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const alive = setInterval(() => {}, 60_000);
    signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
  });
}

/** The next attachment. */
interface Attempt {
  readonly pauseMs: number;
  /** ejections in a row before it */
  readonly ejections: number;
  /** programs that are still good */
  readonly loaded: Loaded | null;
}

const soon = (loaded: Loaded | null): Attempt => ({ pauseMs: RESTART_PAUSE_MS, ejections: 0, loaded });

type Ejected = Extract<RunEnd, { why: 'ejected' }>;

/** Says why, and what follows; null: it stays off. */
function afterEjection({ exit, loaded }: Ejected, ejections: number, pinned: boolean, logger: Logger): Attempt | null {
  const explained = explainExit({ kind: exit.kind, code: exit.code, reason: exit.reason, message: exit.message });
  logger.log(
    entry(
      explained.sentence,
      'ejected',
      { kind: explained.kind, reason: exit.reason, explanation: explained.sentence },
      'error',
    ),
  );
  if (explained.retry === 'restart-now') return soon(loaded);
  loaded?.object.close();
  // Its process stood still for so long that the scheduler took itself for an orphan.
  const orphaned = pinned && exit.kind === EXIT_KIND.UNREG_BPF;
  if (explained.retry === 'stop' && !orphaned) return null;
  const pause = backoffSeconds(ejections);
  if (pause === null) {
    logger.error('the kernel has ejected the scheduler again and again: it stays off until it is started anew');
    return null;
  }
  logger.info(`attaching again in ${pause} s`, { pauseSeconds: pause });
  return { pauseMs: pause * 1000, ejections: ejections + 1, loaded: null };
}

/** Attaches again after an ejection, with growing pauses. Returns the exit code. */
async function keepRunning(config: Config, pins: PinFolder, logger: Logger, signal: AbortSignal): Promise<number> {
  const pinned = config.scheduler.pin;
  let attempt: Attempt = { pauseMs: 0, ejections: 0, loaded: null };
  for (;;) {
    const start = performance.now();
    const { loaded, ejections } = attempt;
    const end: RunEnd = await runOnce({ config, logger, signal, pins, objectPath: schedulerObjectPath(), loaded });
    if (end.why === 'stopped') return 0;
    if (end.why === 'outdated') {
      logger.info('CPUs were switched on or off meanwhile: attaching again');
      attempt = soon(end.loaded);
    } else if (pinned && end.exit.kind === EXIT_KIND.UNREG) {
      // To end here would bring it back at once where something restarts processes.
      logger.info('the scheduler was ended by its pins (`gthulhu off`): nothing is attached until a new start');
      pins.unlock();
      await untilAborted(signal);
      return 0;
    } else {
      const forgiven = performance.now() - start > FORGIVEN_MS;
      const next = afterEjection(end, forgiven ? 0 : ejections, pinned, logger);
      if (next === null) return 1;
      attempt = next;
    }
    await sleep(attempt.pauseMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) return 0;
  }
}

/** A scheduler that an earlier process left pinned, where this one is to attach nothing. */
async function endLeftBehind(pins: PinFolder, logger: Logger): Promise<void> {
  if (pins.names().length === 0) return;
  if (pins.lock()) await endPinned(pins, 'nothing is to be attached', logger);
  else logger.warn(`another process serves the scheduler pinned in ${pins.path}: it was left alone`);
  pins.unlock();
}

function explainFailure(error: unknown): string {
  if (error instanceof BpfError) return error.verifierLog ? `${error.message}\n${error.verifierLog}` : error.message;
  return error instanceof Error ? error.message : String(error);
}

/**
 * `gthulhu scheduler`: the node's CPU scheduler in the foreground, until SIGINT or SIGTERM.
 * @returns the exit code: 0 ended as asked, 1 an error, 78 this kernel cannot do it
 */
export async function runScheduler(options: SchedulerOptions): Promise<number> {
  const write = options.write ?? ((line: string) => void process.stdout.write(line));
  const format = options.logFormat ?? 'plain';
  let config: Config;
  let logger = createLogger({ format, write });
  try {
    const parsed = loadConfig(options.config, options.api === true ? { api: { enabled: true } } : {});
    config = parsed.config;
    logger = createLogger({ format, write, debug: config.debug });
    for (const problem of parsed.warnings) logger.warn(formatProblem(options.config ?? '', problem));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of error.message.split('\n')) logger.error(line);
    return 1;
  }
  const { signal } = signals(logger);
  const pins = new PinFolder(config.scheduler.pinPath);
  try {
    if (effectiveMode(config) === 'none' || config.scheduler.backend === 'off') {
      await endLeftBehind(pins, logger);
      logger.log(say.monitorOnly());
      await untilAborted(signal);
      return 0;
    }
    const hasBtf = existsSync('/sys/kernel/btf/vmlinux');
    const blocked = obstacle(readSchedExtState(), release(), hasBtf, pins.names().length > 0);
    if (blocked !== null) {
      logger.error(blocked.sentence);
      return blocked.code;
    }
    await claimPins(pins, config.scheduler.pin, logger, signal);
    if (signal.aborted) return 0;
    return await keepRunning(config, pins, logger, signal);
  } catch (error) {
    logger.error(explainFailure(error));
    return 1;
  } finally {
    pins.unlock();
    logger.log(say.schedulerExit());
  }
}
