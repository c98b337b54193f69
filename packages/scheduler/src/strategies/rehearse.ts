// SPDX-License-Identifier: Apache-2.0
import { applyChange, changeBetween, type NodePolicies, type NodeRule } from '@gthulhu/contracts';
import { parseChange, parsePolicies } from '../api/read-policies.ts';
import { type RuleSet, ruleSetOfNode } from './node-rules.ts';

const ROUNDS = 3;

const rule = (id: string, commandRegex: string, cgroups: string[] | null, priority: number): NodeRule => ({
  ...{ id, priority, sliceNs: 1_000_000, cpus: null },
  ...{ commandRegex, cgroups },
});

/**
 * Goes the way of a change once before a task waits for it, as far as it touches nothing: code is compiled when it is
 * used for the first time, and the one for expressions takes longest.
 */
export function rehearseRules(): void {
  let set: RuleSet | null = null;
  let policies: NodePolicies = { revision: 'r', strategies: 0, rules: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const rules = [
      rule('bound', `^rehearsal-${round}$`, ['1'], 2),
      { ...rule('cgroups', '', ['1', '2'], round), units: [{ slice: 'rehearsal.slice', name: '', except: ['x'] }] },
      rule('all', `rehearsal|round-${round}`, null, 3),
    ];
    const next = { revision: `r${round}`, strategies: 3, rules };
    const change = changeBetween(policies, parsePolicies(JSON.stringify(next)));
    policies = applyChange(policies, parseChange(JSON.stringify(change)));
    set = ruleSetOfNode(policies.rules, set);
    set.matcher.match({ comm: 'bash', leaderComm: 'sh', cgroups: ['1'] });
    set.matcher.byNameAlone('bash');
  }
}
