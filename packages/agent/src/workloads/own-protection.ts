// SPDX-License-Identifier: Apache-2.0
import { identifyCgroup, type Protection, unifiedPath } from '@gthulhu/workloads';

/**
 * What keeps strategies from this process: its pod, or the container or service that it is alone in. A session of a
 * person is none of these: others run there too.
 * @param cgroups text of /proc/self/cgroup
 * @param idOf id of the cgroup at a path; throws where there is none
 */
export function ownProtection(cgroups: string, idOf: (path: string) => string): Pick<Protection, 'cgroupIds' | 'uids'> {
  const path = unifiedPath(cgroups);
  if (path === null) return { cgroupIds: [], uids: [] };
  const { pod, container, unit, workloadPath } = identifyCgroup(path);
  if (pod !== null) return { cgroupIds: [], uids: [pod.uid] };
  const alone = container !== null || (unit?.endsWith('.service') === true && !unit.startsWith('user@'));
  if (!alone || workloadPath === null) return { cgroupIds: [], uids: [] };
  try {
    return { cgroupIds: [idOf(workloadPath)], uids: [] };
  } catch {
    // Not to be seen from here, so the tree of workloads does not show it either.
    return { cgroupIds: [], uids: [] };
  }
}
