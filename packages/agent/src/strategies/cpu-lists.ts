// SPDX-License-Identifier: Apache-2.0
import { formatCpuList, NODE_RULE_LIMITS, parseCpuList } from '@gthulhu/contracts';
import { InputError } from './input-error.ts';
import type { PlainStrategy } from './record.ts';

/**
 * The scheduler would refuse all rules of a set that names more lists of CPUs than it has room for, so such a set is not
 * stored. Two ways of writing one list are one. Strategies about process numbers are never in force.
 * @throws InputError
 */
export function checkCpuLists(strategies: Iterable<PlainStrategy>): void {
  const written = new Set<string>();
  for (const { cpus, pid } of strategies) if (cpus !== undefined && pid === undefined) written.add(cpus);
  if (written.size <= NODE_RULE_LIMITS.cpuLists) return;
  const { size } = new Set([...written].map((list) => formatCpuList(parseCpuList(list))));
  if (size > NODE_RULE_LIMITS.cpuLists)
    throw new InputError(
      `cpus: the strategies name ${size} different lists of CPUs; at most ${NODE_RULE_LIMITS.cpuLists} can be in force at once: let some share a list`,
    );
}
