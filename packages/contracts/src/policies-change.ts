// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { NODE_RULE_LIMITS, type NodePolicies, type NodeRule, NodeRuleSchema } from './node-api.ts';

/**
 * `event: change` of the stream of policies, for those who ask for it with `changes=1`: how to get from one revision to
 * the next. Rules keep their order but for those that are named here.
 */
export const PoliciesChangeSchema = Type.Object(
  {
    from: Type.String({ minLength: 1, maxLength: 128, description: 'The revision that it is about' }),
    revision: Type.String({ minLength: 1, maxLength: 128 }),
    strategies: Type.Integer({ minimum: 0 }),
    removed: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      maxItems: NODE_RULE_LIMITS.rules,
      description: 'Ids of rules that go, also of those that come back changed',
    }),
    put: Type.Array(
      Type.Object(
        { at: Type.Integer({ minimum: 0, maximum: NODE_RULE_LIMITS.rules - 1 }), rule: NodeRuleSchema },
        { additionalProperties: false },
      ),
      { maxItems: NODE_RULE_LIMITS.rules, description: 'Rules that come, with their place afterwards, ascending' },
    ),
  },
  { additionalProperties: false },
);
export type PoliciesChange = Static<typeof PoliciesChangeSchema>;

/** How many are the same at the beginning of both, and after that at the end. */
export function sameAround<T>(a: readonly T[], b: readonly T[]): { readonly head: number; readonly tail: number } {
  const most = Math.min(a.length, b.length);
  let head = 0;
  while (head < most && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < most - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  return { head, tail };
}

/**
 * How to get from one set to the next; null where those that stay changed their order.
 * A rule that is the same object in both has stayed the same.
 */
export function changeBetween(before: NodePolicies, after: NodePolicies): PoliciesChange | null {
  const { head, tail } = sameAround(before.rules, after.rules);
  const middle = before.rules.slice(head, before.rules.length - tail);
  const places = new Map(middle.map((rule, place) => [rule, place]));
  const put: { at: number; rule: NodeRule }[] = [];
  let last = -1;
  for (let at = head; at < after.rules.length - tail; at++) {
    const rule = after.rules[at];
    const place = places.get(rule);
    if (place === undefined) put.push({ at, rule });
    else if (place < last) return null;
    else {
      last = place;
      places.delete(rule);
    }
  }
  const removed = [...places.keys()].map(({ id }) => id);
  return { from: before.revision, revision: after.revision, strategies: after.strategies, removed, put };
}

/** A change that is not about what is there. */
export class ChangeError extends Error {
  override readonly name = 'ChangeError';
}

/** What a change makes of a set; rules that stay are the same objects. @throws ChangeError */
export function applyChange(before: NodePolicies, change: PoliciesChange): NodePolicies {
  const { from, revision, strategies, put } = change;
  if (from !== before.revision) throw new ChangeError(`a change is about ${from}, and ${before.revision} is there`);
  const removed = new Set(change.removed);
  const stay = before.rules.filter(({ id }) => !removed.has(id));
  if (stay.length + removed.size !== before.rules.length)
    throw new ChangeError('a change removes rules that are not there');
  const rules: NodeRule[] = [];
  let next = 0;
  for (const { at, rule } of put) {
    while (rules.length < at && next < stay.length) rules.push(stay[next++]);
    if (rules.length !== at) throw new ChangeError(`a change puts a rule at ${at}, where no place is`);
    rules.push(rule);
  }
  while (next < stay.length) rules.push(stay[next++]);
  if (rules.length > NODE_RULE_LIMITS.rules) throw new ChangeError(`a change makes ${rules.length} rules of it`);
  return { revision, strategies, rules };
}
