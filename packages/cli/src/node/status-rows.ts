// SPDX-License-Identifier: Apache-2.0
import type { ClusterState } from '@gthulhu/contracts';
import { agoWords } from './ago.ts';
import type { Status } from './status.ts';

function kernelWords(kernel: Status['kernel']): string {
  if (kernel === null) return 'not asked: the API may be on another machine';
  if (!kernel.schedExt) return 'this kernel has no sched_ext';
  return kernel.scheduler === '' ? `no scheduler in force (${kernel.state})` : `${kernel.scheduler} (${kernel.state})`;
}

/** Sources that are asked for what may change without a sign here. */
const REMOTE: readonly string[] = ['kubernetes', 'kubelet'];

function workloadWords(workloads: Status['workloads']): string {
  if (workloads === null) return 'not told';
  const { total, source, state, note, cgroupsLeftOut, ageSeconds } = workloads;
  const left = cgroupsLeftOut === 0 ? '' : `; no room for ${cgroupsLeftOut} cgroups of strategies`;
  const age = ageSeconds === 0 || !REMOTE.includes(source) ? '' : `, ${agoWords(ageSeconds)}`;
  return `${total}, from ${source} (${state}${age})${note === '' ? '' : `: ${note}`}${left}`;
}

const CLUSTER_WORDS: Readonly<Record<ClusterState['state'], string>> = {
  waiting: 'the API server has not been heard',
  absent: 'there is no such ConfigMap',
  applied: 'in force',
  refused: 'REFUSED, the last good one is in force',
};

/** How old they are is said where they are not of now. */
function clusterWords({ strategies, configMap, state, inForce, note, ageSeconds }: ClusterState): string {
  const from = inForce === 'disk' ? ', kept on disk' : '';
  const age = ageSeconds === 0 ? '' : `, ${agoWords(ageSeconds)}`;
  return `${strategies} of ConfigMap ${configMap}${from} (${CLUSTER_WORDS[state]}${age})${note === '' ? '' : `: ${note}`}`;
}

function limitWords(workloads: Status['workloads']): string {
  if (workloads === null) return 'not told';
  const { cpuMax, cpuWeight } = workloads.unenforcedLimits;
  if (cpuMax + cpuWeight === 0) return 'no workload has cpu.max or cpu.weight';
  return `nobody enforces them under sched_ext: cpu.max of ${cpuMax} workloads, cpu.weight of ${cpuWeight}`;
}

/** Not how many rules there are: some only keep strategies from the protected. */
function strategyWords({ strategies, clusterStrategies }: Status): string {
  const cluster = clusterStrategies?.strategies ?? 0;
  const here = `${strategies.stored} stored${cluster === 0 ? '' : `, ${cluster} from the cluster`}`;
  return `${here}; ${strategies.used} used on this node`;
}

export function statusRows(status: Status): string[][] {
  const { api, counters, countersAt, kernel } = status;
  const dispatches =
    counters === null
      ? ''
      : `, ${counters.nr_user_dispatches} user, ${counters.nr_kernel_dispatches} kernel dispatches`;
  return [
    ['node API', `${api.status}, ${api.url}`],
    ['strategies', strategyWords(status)],
    ...(status.clusterStrategies === null ? [] : [['from cluster', clusterWords(status.clusterStrategies)]]),
    ['workloads', workloadWords(status.workloads)],
    ['CPU limits', limitWords(status.workloads)],
    ['kernel', kernelWords(kernel)],
    ['counters', counters === null ? 'none were posted yet' : `of ${countersAt ?? 'an unknown time'}${dispatches}`],
  ];
}
