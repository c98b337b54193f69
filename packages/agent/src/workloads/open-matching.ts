// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, OWN_COMMAND } from '@gthulhu/contracts';
import { cgroupIdOf, findCgroupMounts, type Protection, type WorkloadProvider } from '@gthulhu/workloads';
import type { AgentLog } from '../agent-log.ts';
import { NodeMatching } from './node-matching.ts';
import { openProvider, type ProviderParts } from './open-provider.ts';
import { ownProtection } from './own-protection.ts';

export interface OpenedMatching {
  readonly matching: NodeMatching;
  /** Folder of cgroup v2; null on a machine that has none. */
  readonly cgroupRoot: string | null;
}

/** Null, with a line for people, for one that cannot start: strategies about commands still work. */
async function started(
  provider: WorkloadProvider | null,
  log: AgentLog,
  signal: AbortSignal,
): Promise<WorkloadProvider | null> {
  try {
    await provider?.start(signal);
    return provider;
  } catch (error) {
    log.error(
      `workloads: ${(error as Error).message}; strategies with namespaces or labels match nothing until the agent is started anew`,
    );
    return null;
  }
}

function protectionOf(
  { units, commands: listed }: Config['workloads']['protected'],
  cgroupRoot: string | null,
): Protection {
  const commands = [...new Set([...listed, OWN_COMMAND])];
  if (cgroupRoot === null) return { units, commands, cgroupIds: [], uids: [] };
  const own = ownProtection(readFileSync('/proc/self/cgroup', 'utf8'), (path) => cgroupIdOf(join(cgroupRoot, path)));
  return { commands, ...own, units: [...units, ...own.units] };
}

/**
 * Resolves when the first list of workloads is complete, or it is known that there will be none.
 * @throws AgentError when the configuration does not say enough
 */
export async function openNodeMatching(parts: ProviderParts, signal: AbortSignal): Promise<OpenedMatching> {
  const { config, log } = parts;
  const cgroupRoot = findCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')).unified;
  const provider = await started(openProvider(parts), log, signal);
  const matching = new NodeMatching({
    provider,
    protection: protectionOf(config.protected, cgroupRoot),
    onEnded: (ids) => {
      for (const id of ids) log.info(`strategy ${id} has come to its end; it is stored and means nobody`, { id });
    },
  });
  const { source, state } = matching.source;
  if (provider !== null)
    log.info(`workloads: ${matching.workloads().length} found, source ${source}, ${state}`, {
      workloads: matching.workloads().length,
      source,
      state,
    });
  return { matching, cgroupRoot };
}
