// SPDX-License-Identifier: Apache-2.0
import { Errors } from 'typebox/schema';
import type { Answer } from './agent.ts';

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema?: object }>>;
}
type Operation = { readonly responses: Readonly<Record<string, Described>> };

export interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

function operationsOf(api: OpenApi, path: string): Readonly<Record<string, Operation>> | undefined {
  const plain = path.split('?')[0];
  const exact = api.paths[plain];
  if (exact !== undefined) return exact;
  const found = Object.keys(api.paths).find((known) =>
    new RegExp(`^${known.replace(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
  return found === undefined ? undefined : api.paths[found];
}

/** What the description does not say of an answer; none when it fits. */
export function answerFaults(api: OpenApi, method: string, path: string, { status, headers, body }: Answer): string[] {
  const operations = operationsOf(api, path);
  if (operations === undefined)
    return status === 404 ? [] : [`${path} is not described, and is answered with ${status}`];
  const operation = operations[method.toLowerCase()];
  if (operation === undefined)
    return status === 405 ? [] : [`${method} is not described, and is answered with ${status}`];
  const described = operation.responses[status];
  if (described === undefined) return [`the status ${status} is not described`];
  if (described.content === undefined) return body === '' ? [] : ['a body is not described'];
  const type = (headers.get('content-type') ?? '').split(';')[0];
  const content = described.content[type];
  if (content === undefined) return [`the type ${type} is not described`];
  if (content.schema === undefined) return [];
  const [valid, faults] = Errors(content.schema, body);
  return valid ? [] : faults.map(({ instancePath, message }) => `${instancePath}: ${message}`);
}
