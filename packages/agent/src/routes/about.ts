// SPDX-License-Identifier: Apache-2.0
import { type HealthAnswer, HealthAnswerSchema, NODE_API_PATHS, VersionAnswerSchema } from '@gthulhu/contracts';
import { openApi } from '../http/openapi.ts';
import { type Route, timestamp } from '../http/route.ts';

/** By which every version of the node API has called itself. */
const SERVICE = 'BSS Metrics API Server';

/** What is known from elsewhere, and how old it is. */
export type Surroundings = Pick<HealthAnswer, 'workloads' | 'clusterStrategies'>;

/** Whether it lives, what it is, and what it can do. @param others all other routes */
export function aboutRoutes(version: string, others: readonly Route[], surroundings: () => Surroundings): Route[] {
  const routes: Route[] = [
    {
      spec: {
        method: 'GET',
        path: NODE_API_PATHS.health,
        summary: 'Whether the agent answers, and how old what it knows from elsewhere is',
        scope: null,
        answers: { 200: { description: 'It does', schema: HealthAnswerSchema } },
      },
      handle: (): HealthAnswer => ({
        status: 'healthy',
        timestamp: timestamp(),
        service: SERVICE,
        ...surroundings(),
      }),
    },
    {
      spec: {
        method: 'GET',
        path: NODE_API_PATHS.version,
        summary: 'What runs here',
        scope: null,
        answers: { 200: { description: 'Name, version and routes', schema: VersionAnswerSchema } },
      },
      handle: () => ({
        message: SERVICE,
        version,
        endpoints: all.map(({ spec }) => `${spec.method}_${spec.path}`).join(', '),
      }),
    },
    {
      spec: {
        method: 'GET',
        path: NODE_API_PATHS.openapi,
        summary: 'This description',
        scope: null,
        answers: { 200: { description: 'OpenAPI 3.1', contentType: 'application/json' } },
      },
      handle: (_, reply) => reply.type('application/json; charset=utf-8').send(description()),
    },
  ];
  const all = [...others, ...routes];
  let described: string | undefined;
  const description = (): string => {
    described ??= JSON.stringify(
      openApi(
        all.map(({ spec }) => spec),
        version,
      ),
    );
    return described;
  };
  return routes;
}
