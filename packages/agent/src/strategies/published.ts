// SPDX-License-Identifier: Apache-2.0
import { changeBetween, type NodePolicies, type NodeRule, type PoliciesChange } from '@gthulhu/contracts';

/** A rule that stays is the same object: its text is made once. */
const texts = new WeakMap<NodeRule, string>();

function textOf(rule: NodeRule): string {
  let text = texts.get(rule);
  if (text === undefined) {
    text = JSON.stringify(rule);
    texts.set(rule, text);
  }
  return text;
}

/** As JSON. */
export const textOfRules = (rules: readonly NodeRule[]): string => `[${rules.map(textOf).join()}]`;

/** Policies as they are told: whole, or by what is different from those before. */
export class Published {
  readonly policies: NodePolicies;
  /** Cgroups that strategies mean and the scheduler has no room for. */
  readonly leftOut: number;
  #before: Published | null;
  #json: string | null = null;
  #change: PoliciesChange | null = null;

  /** @param before those that were published last */
  constructor(policies: NodePolicies, leftOut: number, before: Published | null) {
    this.policies = policies;
    this.leftOut = leftOut;
    this.#before = before;
    // Each would keep all those before it.
    if (before !== null) before.#before = null;
  }

  /** Made when somebody wants it, once for all. */
  get json(): string {
    const { revision, strategies, rules } = this.policies;
    this.#json ??= `{"revision":"${revision}","strategies":${strategies},"rules":${textOfRules(rules)}}`;
    return this.#json;
  }

  /** What is different from those before, while these are the last; null where they have to be read whole. */
  get change(): PoliciesChange | null {
    if (this.#before !== null) this.#change = changeBetween(this.#before.policies, this.policies);
    this.#before = null;
    return this.#change;
  }
}
