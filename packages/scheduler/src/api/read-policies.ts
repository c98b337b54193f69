// SPDX-License-Identifier: Apache-2.0
import {
  NODE_RULE_LIMITS,
  type NodePolicies,
  NodePoliciesSchema,
  NodeRuleSchema,
  type PoliciesChange,
  PoliciesChangeSchema,
} from '@gthulhu/contracts';
import { Compile } from 'typebox/compile';

/** The answer is not what the contract says; nothing of it is used. */
export class PoliciesError extends Error {
  override readonly name = 'PoliciesError';
}

interface Validator {
  Check(value: unknown): boolean;
  Errors(value: unknown): readonly { readonly instancePath: string; readonly message: string }[];
}

/** Compiled: ten thousand rules take milliseconds, and a second otherwise, in which nothing else happens here. */
const whole = Compile(NodePoliciesSchema);
const oneRule: Validator = Compile(NodeRuleSchema);
const change: Validator = Compile(PoliciesChangeSchema);

const wording = (validator: Validator, value: unknown, place: string): string => {
  const [first] = validator.Errors(value);
  const where = `${place}${first?.instancePath ?? ''}`;
  // So the validator says it of a key that the contract does not have.
  const message = first?.message === 'schema is false' ? 'is no key of it' : (first?.message ?? 'unknown shape');
  return `${where === '' ? '' : `${where} `}${message}`;
};

/** The first thing that is wrong. What is wrong with a single rule is looked for in that one only: naming faults is slow. */
function fault(value: unknown): string {
  const { rules } = (value ?? {}) as { rules?: unknown };
  if (!Array.isArray(rules)) return wording(whole, value, '');
  if (rules.length > NODE_RULE_LIMITS.rules)
    return `/rules has ${rules.length} rules, more than ${NODE_RULE_LIMITS.rules}`;
  const bad = rules.findIndex((rule) => !oneRule.Check(rule));
  if (bad !== -1) return wording(oneRule, rules[bad], `/rules/${bad}`);
  return wording(whole, { ...(value as object), rules: [] }, '');
}

/** @throws PoliciesError, with the first thing that is wrong */
export function readPolicies(value: unknown): NodePolicies {
  if (whole.Check(value)) return value as NodePolicies;
  throw new PoliciesError(`the policies of the API are not as they must be: ${fault(value)}`);
}

function parseEvent(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PoliciesError(`an event of the stream is no JSON (${text.length} characters)`, { cause });
  }
}

/** The same from the text of an event. @throws PoliciesError */
export const parsePolicies = (text: string): NodePolicies => readPolicies(parseEvent(text));

/** What is different, from the text of an event. @throws PoliciesError */
export function parseChange(text: string): PoliciesChange {
  const value = parseEvent(text);
  if (change.Check(value)) return value as PoliciesChange;
  throw new PoliciesError(`a change of the policies is not as it must be: ${wording(change, value, '')}`);
}
