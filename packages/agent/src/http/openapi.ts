// SPDX-License-Identifier: Apache-2.0
import { ErrorAnswerSchema, ProblemSchema, SCOPES } from '@gthulhu/contracts';
import type { TSchema } from 'typebox';
import type { Answer, RouteSpec } from './route.ts';

const json = (schema: TSchema, contentType = 'application/json') => ({ [contentType]: { schema } });

function answerOf({ description, schema, contentType }: Answer): object {
  if (schema !== undefined) return { description, content: json(schema, contentType) };
  return contentType === undefined ? { description } : { description, content: { [contentType]: {} } };
}

function failures({ scope, body, problems = false }: RouteSpec): Record<string, object> {
  const content = problems ? json(ProblemSchema, 'application/problem+json') : json(ErrorAnswerSchema);
  return {
    ...(body !== undefined && {
      400: { description: 'What was sent cannot be used', content },
      413: { description: 'The body is too large', content },
    }),
    ...(scope !== null && {
      401: { description: 'No token, or none that is good', content },
      403: { description: 'The token is good for something else', content },
    }),
    500: { description: 'The agent failed', content },
  };
}

function operation(spec: RouteSpec): object {
  const { path, summary, scope, body, query = {}, answers } = spec;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
  const parameters = [
    ...inPath.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...Object.entries(query).map(([name, schema]) => ({ name, in: 'query', required: false, schema })),
  ];
  const told = Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)]);
  return {
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: { required: true, content: json(body) } }),
    responses: { ...failures(spec), ...Object.fromEntries(told) },
    security: scope === null ? [] : [{ token: [scope] }],
  };
}

/** OpenAPI 3.1 of the routes, from the schemas that they are checked with. */
export function openApi(specs: readonly RouteSpec[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const spec of specs) {
    paths[spec.path] ??= {};
    paths[spec.path][spec.method.toLowerCase()] = operation(spec);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gthulhu node API',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: `Scopes of tokens: ${SCOPES.join(', ')}.`,
    },
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
  };
}
