// SPDX-License-Identifier: Apache-2.0
import { type NodePolicies, NodePoliciesSchema } from '@gthulhu/contracts';
import { Value } from 'typebox/value';

/** The answer is not what the contract says; nothing of it is used. */
export class PoliciesError extends Error {
  override readonly name = 'PoliciesError';
}

/** @throws PoliciesError, with the first thing that is wrong */
export function readPolicies(value: unknown): NodePolicies {
  if (Value.Check(NodePoliciesSchema, value)) return value;
  const [first] = Value.Errors(NodePoliciesSchema, value);
  const where = first === undefined || first.instancePath === '' ? '' : `${first.instancePath} `;
  throw new PoliciesError(
    `the policies of the API are not as they must be: ${where}${first?.message ?? 'unknown shape'}`,
  );
}

/** The same from the text of an event. @throws PoliciesError */
export function parsePolicies(text: string): NodePolicies {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PoliciesError(`an event of the stream is no JSON (${text.length} characters)`, { cause });
  }
  return readPolicies(value);
}
