// SPDX-License-Identifier: Apache-2.0
import { NODE_API_PATHS, type NodePolicies } from '@gthulhu/contracts';
import { parseJson } from './json-answer.ts';
import { expectStatus, type NodeClient } from './node-client.ts';
import { readPolicies } from './read-policies.ts';

/** What one question brought: null when nothing has changed since the last answer that was kept. */
export interface Polled {
  readonly policies: NodePolicies | null;
  /** To be kept when the policies were put in force. */
  readonly etag: string;
}

/** An API of an earlier version: it knows no policies. */
export class NoPoliciesError extends Error {
  override readonly name = 'NoPoliciesError';
}

/** @param etag of the policies in force, empty for none. @throws TransportError, TokenError, AnswerError, PoliciesError */
export async function pollPolicies(client: NodeClient, etag: string): Promise<Polled> {
  const answer = await client.request({
    method: 'GET',
    path: NODE_API_PATHS.policies,
    headers: etag === '' ? {} : { 'if-none-match': etag },
  });
  if (answer.status === 304 && etag !== '') return { policies: null, etag };
  if (answer.status === 404) throw new NoPoliciesError('the API knows no policies');
  expectStatus(answer, 200);
  const policies = readPolicies(parseJson(answer));
  return { policies, etag: answer.headers.etag ?? `"${policies.revision}"` };
}
