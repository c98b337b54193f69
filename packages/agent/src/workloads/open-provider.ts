// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import type { Config } from '@gthulhu/contracts';
import { createCgroupsProvider, openCgroupEvents, type WorkloadProvider } from '@gthulhu/workloads';
import type { AgentLog } from '../agent-log.ts';

/** What GTHULHU_WORKLOADS_OBJECT names (bin/gthulhu sets it), else build/bpf of the source tree. */
export function workloadsObjectPath(): string {
  return (
    process.env.GTHULHU_WORKLOADS_OBJECT ??
    fileURLToPath(new URL('../../../../build/bpf/workloads.bpf.o', import.meta.url))
  );
}

/** Where workloads come from, not started; null where nobody wants any. */
export function openProvider({ source }: Config['workloads'], log: AgentLog): WorkloadProvider | null {
  switch (source) {
    case 'cgroups':
      return createCgroupsProvider({
        openEvents: () => openCgroupEvents(workloadsObjectPath()),
        onLog: (line) => log.warn(`workloads: ${line}`),
      });
    case 'none':
      return null;
  }
}
