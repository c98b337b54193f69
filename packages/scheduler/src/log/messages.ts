// SPDX-License-Identifier: Apache-2.0
import { BSS_ORDER_2025, type BssCounters } from '@gthulhu/contracts';
import { entry, type LogEntry } from './entry.ts';

/**
 * The lines of a scheduler's life, in the order in which they appear. Dashboards and scripts of existing installations
 * look for these words: the texts are those of the versions of 2025 and must not change.
 */

export const schedulerConfig = (sliceNsDefault: number, sliceNsMin: number): LogEntry =>
  entry(`Scheduler config: SLICE_NS_DEFAULT=${sliceNsDefault}, SLICE_NS_MIN=${sliceNsMin}`, 'Scheduler config', {
    sliceNsDefault,
    sliceNsMin,
  });

export const debugModeEnabled = (): LogEntry => entry('Debug mode enabled');
export const builtinIdleEnabled = (): LogEntry => entry('Built-in idle CPU selection enabled');
export const maxTimeWatchdogDisabled = (): LogEntry => entry('Max time watchdog disabled');
export const earlyProcessing = (enabled: boolean): LogEntry =>
  entry(enabled ? 'Early processing enabled' : 'Early processing disabled');

/** A line of libbpf itself, which ends in a newline and has no time. */
export const libbpfLine = (line: string): LogEntry => {
  const text = line.trimEnd();
  return { ...entry(text, 'libbpf', { line: text }), bare: true };
};

export interface MapLine {
  readonly name: string;
  /** `BPF_MAP_TYPE_RINGBUF` */
  readonly type: string;
  readonly fd: number;
}

export const bpfMap = ({ name, type, fd }: MapLine): LogEntry => ({
  ...entry(`map: ${name}, type: ${type}, fd: ${fd}`, 'map', { name, type, fd }),
  bare: true,
});

/** @param topology as formatTopology writes it */
export const topologyRead = (topology: string): LogEntry => entry(`Topology: ${topology}`, 'Topology', { topology });

export const userSchedPid = (pid: number): LogEntry => entry(`UserSched's Pid: ${pid}`, "UserSched's Pid", { pid });

/** @param url with its path, as it is requested */
export const apiConfig = (url: string, intervalSeconds: number): LogEntry =>
  entry(`API config: URL=${url}, Interval=${intervalSeconds} seconds`, 'API config', { url, intervalSeconds });

export const strategyFetcherStarted = (intervalSeconds: number, withToken = true): LogEntry =>
  entry(
    `Started scheduling strategy fetcher ${withToken ? 'with JWT' : 'without'} authentication, interval ${intervalSeconds} seconds`,
    'Started scheduling strategy fetcher',
    { intervalSeconds, withToken },
  );

export const jwtClientFailed = (error: string): LogEntry =>
  entry(`Failed to initialize JWT client: ${error}`, 'Failed to initialize JWT client', { error }, 'warn');
export const strategyFetcherDisabled = (): LogEntry =>
  entry('Scheduling strategy fetcher and metrics reporting will be disabled');

export const schedulerStarted = (): LogEntry => entry('scheduler started');
export const schedulerLoopStarted = (): LogEntry => entry('scheduler loop started');

export const initialStrategiesFetched = (count: number): LogEntry =>
  entry(`Initial scheduling strategies fetched: ${count} strategies`, 'Initial scheduling strategies fetched', {
    count,
  });
export const initialStrategiesFailed = (error: string): LogEntry =>
  entry(`Failed to fetch initial scheduling strategies: ${error}`, 'Failed to fetch initial scheduling strategies', {
    error,
  });
export const strategiesUpdated = (count: number): LogEntry =>
  entry(`Scheduling strategies updated: ${count} strategies`, 'Scheduling strategies updated', { count });
export const strategyMapUpdated = (count: number): LogEntry =>
  entry(`Updated strategy map with ${count} strategies`, 'Updated strategy map', { count });
export const strategiesFailed = (error: string): LogEntry =>
  entry(`Failed to fetch scheduling strategies: ${error}`, 'Failed to fetch scheduling strategies', { error });

/** Its rows name processes of the moment. */
export const OLDER_API =
  'the API server is of an earlier version: it has no /api/v1/scheduling/policies, and its strategies are not put in force; point api.url at `gthulhu agent`';

export const metricsSent = (): LogEntry => entry('Successfully sent metrics to API server');
export const metricsFailed = (error: string): LogEntry =>
  entry(`Failed to send metrics: ${error}`, 'Failed to send metrics', { error });

/** The counters as the eleven keys of 2025, in their order, without spaces. */
export function bssData(counters: BssCounters): LogEntry {
  const ordered = Object.fromEntries(BSS_ORDER_2025.map((name) => [name, counters[name]]));
  return entry(`bss data: ${JSON.stringify(ordered)}`, 'bss data', { data: ordered });
}

/** The kernel has removed the scheduler. */
export const bpfModuleStopped = (): LogEntry => entry('bpfModule stopped');
export const noProgress = (): LogEntry => entry('No progress detected and scheduler stopped, exiting');
export const osSignal = (signal: string): LogEntry => entry('receive os signal', 'receive os signal', { signal });

export interface ExitLine {
  readonly kind: number;
  readonly exitCode: number | bigint;
  readonly reason: string;
  readonly message: string;
}

/** Why the scheduler left the kernel ("user exit info"). */
export const uei = ({ kind, exitCode, reason, message }: ExitLine): LogEntry =>
  entry(`uei: kind=${kind}, exitCode=${exitCode}, reason=${reason}, message=${message}`, 'uei', {
    kind,
    exitCode: Number(exitCode),
    reason,
    message,
  });
export const ueiFailed = (error: string): LogEntry =>
  entry(`GetUeiData failed: ${error}`, 'GetUeiData failed', { error }, 'warn');

export const loopEnded = (): LogEntry => entry('context done, exiting scheduler loop');
export const kernelModeLoopEnded = (): LogEntry => entry('context done, exiting kernel mode scheduler loop');
export const schedulerExit = (): LogEntry => entry('scheduler exit');

/** With mode none or without sched_ext: nothing is attached. */
export const monitorOnly = (): LogEntry => entry('running in monitor-only mode (no scheduler mode configured)');
export const monitorOnlyUnsupported = (error: string): LogEntry =>
  entry(
    `sched_ext unavailable; continuing in monitor-only mode: ${error}`,
    'sched_ext unavailable; continuing in monitor-only mode',
    { error },
    'warn',
  );
export const shuttingDown = (signal: string): LogEntry =>
  entry('received signal, shutting down', 'received signal, shutting down', { signal });
export const gthulhuExit = (): LogEntry => entry('Gthulhu exit');

/** @param times dispatches since the last line of counters in which the urgent priorities had used their share */
export const urgentOverBudget = (times: number, cpuPercent: number, nodePercent: number): LogEntry =>
  entry(
    `priorities 0 to 9 wanted more than ${cpuPercent} % of a CPU or ${nodePercent} % of the node: served like the others ${times} times; give them to fewer tasks, or raise urgentBudgetPercent or urgentNodeBudgetPercent`,
    'urgent priorities over their budget',
    { times, cpuPercent, nodePercent },
    'warn',
  );

/** A line that a policy of one's own has printed; never the process's own word. */
export const policyPrints = (line: string): LogEntry => entry(`policy prints: ${line}`, 'policy prints', { line });
