// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { releaseAfterStart, sys } from '@gthulhu/bpf';
import { type Config, STATE_FILES } from '@gthulhu/contracts';
import type { ApiClient } from '../api/api-client.ts';
import { toKernelParams } from '../config/kernel-params.ts';
import { effectiveMode } from '../config/parse-config.ts';
import { entry, type LogEntry } from '../log/entry.ts';
import type { Logger } from '../log/logger.ts';
import * as say from '../log/messages.ts';
import type { PolicyModule } from '../policies/policy-module.ts';
import { formatTopology } from '../topology/format-topology.ts';
import { readTopology } from '../topology/read-topology.ts';
import { CELL, makeCells } from './cells.ts';
import { toBssCounters, toOperatorCounters } from './counters.ts';
import type { ExplainServer } from './explain-server.ts';
import { type ExitRecord, type KernelSide, type Loaded, readHotplugSeq } from './kernel-side.ts';
import type { PinFolder } from './pin-folder.ts';
import type { PolicyHost, PolicyService } from './policy-host.ts';
import type { RuleEnforcer } from './rule-enforcer.ts';
import type { StrategyFollower } from './strategy-follower.ts';
import { obtainKernelSide } from './takeover.ts';

/** So often it is seen whether the kernel has ended the scheduler, and a pinned one hears of its process. */
const LOOK_MS = 500;
/** Those who start with us come first. */
const REHEARSED_MS = 1_000;
/** Detaching is not synchronous: so long the kernel may take to say how it ended. */
const EXIT_WAIT_MS = 10_000;

export interface RunOptions {
  readonly config: Config;
  readonly objectPath: string;
  readonly logger: Logger;
  /** Where schedulers are pinned, by this process or an earlier one. */
  readonly pins: PinFolder;
  /** Aborted when the scheduler is to end. */
  readonly signal: AbortSignal;
  /** What an earlier run has left. */
  readonly loaded: Loaded | null;
}

/**
 * How one attachment ended: by our wish, or by the kernel's, or at once, because CPUs came or went meanwhile. What can be
 * attached again belongs to the caller.
 */
export type RunEnd =
  | { readonly why: 'stopped' }
  | { readonly why: 'ejected'; readonly exit: ExitRecord; readonly loaded: Loaded | null }
  | { readonly why: 'outdated'; readonly loaded: Loaded | null };

function logStart(config: Config, logger: Logger): void {
  logger.log(say.schedulerConfig(config.scheduler.slice_ns_default, config.scheduler.slice_ns_min));
  if (config.debug) logger.log(say.debugModeEnabled());
  if (config.builtin_idle) logger.log(say.builtinIdleEnabled());
  if (!config.scheduler.max_time_watchdog) logger.log(say.maxTimeWatchdogDisabled());
  logger.log(say.earlyProcessing(config.early_processing));
}

async function startPolicy(
  kernel: KernelSide,
  options: RunOptions,
  cells: ReturnType<typeof makeCells>,
  nrCpus: number,
): Promise<PolicyService> {
  const { config, logger } = options;
  const { policy: file, traceFile } = config.scheduler;
  const ring = kernel.maps().find((map) => map.name === 'asked');
  if (ring === undefined) throw new Error('the BPF object has no map named asked; it is of another version');
  const data = {
    mode: effectiveMode(config),
    traceFile,
    traceMaxBytes: config.scheduler.traceMaxMb * 1024 * 1024,
    ringFd: ring.fd,
    recordLayout: kernel.object.layout('task_record'),
    applyFd: kernel.object.programFd('apply'),
    registerFd: kernel.object.programFd('register_policy'),
    registerLayout: kernel.object.layout('register_args'),
    decisionLayout: kernel.object.layout('decision'),
    bss: kernel.object.globals('.bss'),
    cells,
    nrCpus,
    sliceDefaultNs: config.scheduler.slice_ns_default,
    sliceMinNs: config.scheduler.slice_ns_min,
  };
  const { startPolicyHost } = await import('./policy-host.ts');
  const startHost = (module: PolicyModule | null): PolicyHost =>
    startPolicyHost({
      data: { ...data, module },
      onReady: (policy) => logger.debug(`policy ${policy} decides`, { policy }),
      onReplaced: (reason) =>
        logger.log(entry(`policy worker replaced: ${reason}`, 'policy worker replaced', { reason }, 'warn')),
      onPrinted: (line) => logger.log(say.policyPrints(line)),
      onUnrecorded: (reason) => logger.warn(`batches are no longer recorded: ${reason}`),
    });
  if (file === '') return startHost(null);
  // Trials, hashes and watching are loaded by those who have a policy of their own.
  const { startOwnPolicy } = await import('./own-policy.ts');
  return startOwnPolicy({ file, mode: data.mode, liveTrace: traceFile, logger, startHost });
}

async function waitForExit(kernel: KernelSide): Promise<ExitRecord | null> {
  for (const start = performance.now(); performance.now() - start < EXIT_WAIT_MS; ) {
    const exit = kernel.exitRecord();
    if (exit !== null) return exit;
    await sleep(20);
  }
  return null;
}

/** Resolves when the signal is aborted (null) or the kernel has ended the scheduler (how). */
function untilEnd(kernel: KernelSide, signal: AbortSignal): Promise<ExitRecord | null> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const exit = kernel.exitRecord();
      if (exit !== null) done(exit);
    }, LOOK_MS);
    const onAbort = (): void => done(null);
    function done(exit: ExitRecord | null): void {
      clearInterval(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(exit);
    }
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
}

function staysInForce(config: Config): LogEntry {
  const { orphanTimeoutSeconds: seconds, pinPath } = config.scheduler;
  const bound = seconds > 0 ? `, for at most ${seconds} s without a process` : '';
  const text = `the scheduler stays in force, pinned in ${pinPath}${bound}; the next \`gthulhu scheduler\` takes it over, \`gthulhu off\` ends it`;
  return entry(text, 'the scheduler stays in force', { pinPath, orphanTimeoutSeconds: seconds });
}

/** Changes with every CPU that comes or goes: the count when it begins, the list when it is done. */
function cpusNow(): string {
  return `${readHotplugSeq()} ${readFileSync('/sys/devices/system/cpu/online', 'utf8')}`;
}

/** Loads, attaches and serves until the signal or an ejection. Throws where the scheduler cannot be attached. */
export async function runOnce(options: RunOptions): Promise<RunEnd> {
  const { config, logger, signal } = options;
  logStart(config, logger);
  const cpusBefore = cpusNow();
  const topology = readTopology();
  const onlineCpus = topology.cpus.filter((cpu) => cpu.online).length;
  const kernel = await obtainKernelSide({
    objectPath: options.objectPath,
    params: toKernelParams(config),
    topology,
    loaded: options.loaded,
    onLog: (line) => logger.log(say.libbpfLine(line)),
    pin: config.scheduler.pin,
    pins: options.pins,
    logger,
  });
  const cells = makeCells();
  // What earlier processes were asked is over: counters of this one start where theirs ended.
  if (kernel.adopted) cells[CELL.drained] = cells[CELL.decided] = kernel.counters().cpus.nr_opinions_asked;
  let host: PolicyService | null = null;
  let follower: StrategyFollower | null = null;
  let api: ApiClient | null = null;
  let enforcer: RuleEnforcer | null = null;
  let explainServer: ExplainServer | null = null;
  const stopFollowing = async (): Promise<void> => {
    await explainServer?.stop();
    await api?.stop();
    await enforcer?.stop();
    await follower?.stop();
  };
  let report: NodeJS.Timeout | undefined;
  let beat: NodeJS.Timeout | undefined;
  let stopSettling: (() => void) | undefined;
  let rehearsal: NodeJS.Timeout | undefined;
  let left: Loaded | null = null;
  try {
    for (const map of kernel.maps()) logger.log(say.bpfMap(map));
    logger.log(say.topologyRead(formatTopology(topology)));
    const ownPid = kernel.register();
    if (kernel.pinned) beat = setInterval(() => kernel.beat(), LOOK_MS);
    kernel.attach();
    // From now on the kernel tells. It could have before: but then what is loaded could not be attached again.
    if (!kernel.adopted && cpusNow() !== cpusBefore) {
      kernel.unpin();
      left = kernel.loaded;
      return { why: 'outdated', loaded: left };
    }
    logger.log(say.userSchedPid(ownPid));
    // HTTP, TLS and keys are loaded by those who have an API.
    if (config.api.enabled) api = (await import('../api/api-client.ts')).startApiClient(config, logger);
    logger.log(say.schedulerStarted());
    // So are strategies and what matches them: the kernel's order serves meanwhile.
    if (api !== null) {
      const { startRuleEnforcer } = await import('./rule-enforcer.ts');
      enforcer = startRuleEnforcer(kernel, logger);
      api.follow(enforcer);
      rehearsal = setTimeout(async () => {
        (await import('../strategies/rehearse.ts')).rehearseRules();
      }, REHEARSED_MS);
      const { explain } = enforcer;
      const { startExplainServer } = await import('./explain-server.ts');
      explainServer = startExplainServer({
        path: join(config.agent.stateFolder, STATE_FILES.schedulerSocket),
        explain,
        onError: (error) => logger.warn(`nobody can ask what applies to a task: ${error.message}`),
      });
    } else if (config.scheduler.strategiesFile !== '') {
      const { startStrategyFollower } = await import('./strategy-follower.ts');
      follower = startStrategyFollower({ file: config.scheduler.strategiesFile, kernel, logger });
    } else if (kernel.hasPolicies()) {
      const { forgetStrategies } = await import('./strategy-enforcer.ts');
      await forgetStrategies(kernel, logger);
    }

    let overBudget = kernel.counters().cpus.nr_urgent_over_budget;
    report = setInterval(() => {
      const counters = kernel.counters();
      const { urgentBudgetPercent, urgentNodeBudgetPercent, statsIntervalSeconds } = config.scheduler;
      const times = counters.cpus.nr_urgent_over_budget - overBudget;
      overBudget += times;
      // Now and then one is a tick too long: that is not worth a line.
      if (times > statsIntervalSeconds)
        logger.log(say.urgentOverBudget(times, urgentBudgetPercent, urgentNodeBudgetPercent));
      const told = toBssCounters(counters, cells, onlineCpus);
      const line = say.bssData(told);
      const scheduler = toOperatorCounters(counters, sys.monotonicNs(), host?.restarts ?? 0);
      logger.log({ ...line, fields: { ...line.fields, scheduler } });
      api?.report(told);
    }, config.scheduler.statsIntervalSeconds * 1000);
    if (config.scheduler.dispatch !== 'kernel' && !config.scheduler.kernel_mode) {
      // The kernel's order serves from the first moment: nobody waits for the policy to be loaded and warm.
      host = await startPolicy(kernel, options, cells, onlineCpus);
    }

    stopSettling = releaseAfterStart((reason) => logger.debug(reason));
    const ejected = await untilEnd(kernel, signal);
    if (ejected !== null) logger.log(say.bpfModuleStopped());
    clearInterval(report);
    await stopFollowing();
    await host?.stop();
    if (ejected !== null) kernel.unpin();
    if (ejected === null && kernel.pinned) {
      logger.log(staysInForce(config));
      logger.log(say.loopEnded());
      return { why: 'stopped' };
    }
    kernel.detach();
    const exit = ejected ?? (await waitForExit(kernel));
    if (exit !== null)
      logger.log(say.uei({ kind: exit.kind, exitCode: exit.code, reason: exit.reason, message: exit.message }));
    logger.log(say.loopEnded());
    if (ejected === null) return { why: 'stopped' };
    left = kernel.loaded;
    return { why: 'ejected', exit: ejected, loaded: left };
  } finally {
    clearInterval(report);
    clearInterval(beat);
    stopSettling?.();
    clearTimeout(rehearsal);
    await stopFollowing();
    await host?.stop();
    if (left === null) kernel.close();
    else kernel.leave();
  }
}
