// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, startAgent } from './agent.ts';
import { answerFaults, type OpenApi } from './openapi.ts';

const api: OpenApi = {
  openapi: '3.1.0',
  paths: {
    '/a/{id}': {
      get: {
        responses: {
          200: {
            content: {
              'application/json': {
                schema: { type: 'object', required: ['x'], properties: { x: { type: 'integer' } } },
              },
            },
          },
          304: {},
        },
      },
    },
  },
};
const json = new Headers({ 'content-type': 'application/json; charset=utf-8' });

describe('the check of answers', () => {
  test.each<[string, string, number, Headers, unknown, number]>([
    ['GET', '/a/7?b=c', 200, json, { x: 1 }, 0],
    ['GET', '/a/7', 200, json, { x: '1' }, 1],
    ['GET', '/a/7', 200, json, {}, 1],
    ['GET', '/a/7', 201, json, { x: 1 }, 1],
    ['GET', '/a/7', 200, new Headers({ 'content-type': 'text/plain' }), 'x', 1],
    ['GET', '/a/7', 304, new Headers(), '', 0],
    ['GET', '/a/7', 304, new Headers(), 'x', 1],
    ['POST', '/a/7', 200, json, { x: 1 }, 1],
    ['POST', '/a/7', 405, json, {}, 0],
    ['GET', '/b', 200, json, {}, 1],
    ['GET', '/b', 404, json, {}, 0],
  ])('%s %s %i', (method, path, status, headers, body, faults) => {
    expect(answerFaults(api, method, path, { status, headers, body })).toHaveLength(faults);
  });
});

describe('the description', () => {
  let agent: Agent;
  beforeAll(async () => {
    agent = await startAgent();
  });
  afterAll(() => agent.remove());

  test('has every route that /version names, and no other', async () => {
    const { paths, openapi } = await agent.api();
    expect(openapi).toBe('3.1.0');
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()}_${path}`),
    );
    const version = (await agent.ask('GET', '/version', { token: null })).body as { endpoints: string };
    expect(version.endpoints.split(', ').sort()).toEqual(described.sort());
  });

  test('is right about who needs a token', async () => {
    for (const [path, operations] of Object.entries((await agent.api()).paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        if (path.endsWith('/token')) continue;
        const answer = await agent.ask(method.toUpperCase(), path.replace('{id}', 'x'), { token: null });
        const open = '401' in operation.responses === false;
        expect([method, path, answer.status === 401]).toEqual([method, path, !open]);
      }
    }
  });
});
