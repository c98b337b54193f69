// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Config } from '@gthulhu/contracts';
import { isInCluster } from '@gthulhu/kube';
import {
  createApiPods,
  createCgroupsProvider,
  createKubeletPods,
  createPodProvider,
  openCgroupEvents,
  type PodSource,
  type WorkloadProvider,
} from '@gthulhu/workloads';
import type { AgentLog } from '../agent-log.ts';
import { nodeNameOf, nodeNameOr } from '../cluster/node-name.ts';
import type { ClusterClients } from '../cluster/open-clients.ts';

/** What GTHULHU_WORKLOADS_OBJECT names (bin/gthulhu sets it), else build/bpf of the source tree. */
export function workloadsObjectPath(): string {
  return (
    process.env.GTHULHU_WORKLOADS_OBJECT ??
    fileURLToPath(new URL('../../../../build/bpf/workloads.bpf.o', import.meta.url))
  );
}

export interface ProviderParts {
  readonly config: Config['workloads'];
  readonly clients: ClusterClients;
  /** Where the pods that are known are kept over a restart. */
  readonly stateFile: string;
  readonly log: AgentLog;
}

/** Where workloads come from, not started; null where nobody wants any. @throws AgentError */
export function openProvider({ config, clients, stateFile, log }: ProviderParts): WorkloadProvider | null {
  const { source, nodeName } = config;
  const onWarning = (line: string): void => log.warn(`workloads: ${line}`);
  const cgroups = (): WorkloadProvider =>
    createCgroupsProvider({ openEvents: () => openCgroupEvents(workloadsObjectPath()), onLog: onWarning });
  // What is protected may be a service: pods alone are not enough.
  const pods = (name: 'kubernetes' | 'kubelet', from: PodSource, node: string): WorkloadProvider =>
    createPodProvider({
      ...{ name, pods: from, cgroups: cgroups(), withOthers: true, nodeName: node, stateFile, onWarning },
    });
  const names = { config: nodeName, env: process.env, hostname: hostname() };
  switch (source) {
    case 'cgroups':
      return cgroups();
    case 'kubernetes': {
      const node = nodeNameOf(names, isInCluster(process.env));
      return pods('kubernetes', createApiPods(clients.api(), node), node);
    }
    case 'kubelet':
      return pods('kubelet', createKubeletPods(clients.kubelet()), nodeNameOr(names));
    case 'none':
      return null;
  }
}
