// SPDX-License-Identifier: Apache-2.0
import type { NodeRule } from '@gthulhu/contracts';
import { compileOrdered, type Matcher } from './matcher.ts';
import { RegexError, toRule } from './rule.ts';

/** A rule of the node API that cannot be used, so none of its set is. */
export class NodeRuleError extends Error {
  override readonly name = 'NodeRuleError';
}

/**
 * Those that are about commands only, in the order in which they come: the strongest first. Rules about cgroups are not
 * among them.
 * @throws NodeRuleError
 */
export function matcherOf(rules: readonly NodeRule[]): Matcher {
  const compiled = rules.map(({ id, priority, sliceNs, commandRegex }, index) => {
    try {
      return toRule({ priority: priority ?? false, execution_time: sliceNs, command_regex: commandRegex }, index);
    } catch (cause) {
      if (!(cause instanceof RegexError)) throw cause;
      throw new NodeRuleError(`the command_regex of strategy ${id} ${cause.message}`, { cause });
    }
  });
  return compileOrdered(compiled.filter((rule) => rules[rule.index].cgroups === null));
}
