// SPDX-License-Identifier: Apache-2.0
import { identifyCgroup, type Protection, unifiedPath } from '@gthulhu/workloads';

const NOBODY = { units: [], cgroupIds: [], uids: [] };

/**
 * What keeps strategies from this process: its pod, or the container or service that it is alone in. A session of a
 * person is none of these: others run there too.
 * @param cgroups text of /proc/self/cgroup
 * @param idOf id of the cgroup at a path; throws where there is none
 */
export function ownProtection(
  cgroups: string,
  idOf: (path: string) => string,
): Pick<Protection, 'cgroupIds' | 'uids' | 'units'> {
  const path = unifiedPath(cgroups);
  if (path === null) return NOBODY;
  const { pod, container, unit, workloadPath } = identifyCgroup(path);
  if (pod !== null) return { ...NOBODY, uids: [pod.uid] };
  const alone = container !== null || (unit?.endsWith('.service') === true && !unit.startsWith('user@'));
  if (!alone || workloadPath === null) return NOBODY;
  // By its name too: a service that is started anew has another cgroup.
  const units = unit === null || container !== null ? [] : [unit];
  try {
    return { ...NOBODY, units, cgroupIds: [idOf(workloadPath)] };
  } catch {
    // Not to be seen from here, so the tree of workloads does not show it either.
    return { ...NOBODY, units };
  }
}
