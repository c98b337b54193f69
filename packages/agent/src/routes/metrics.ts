// SPDX-License-Identifier: Apache-2.0
import {
  BssCountersSchema,
  type MetricsAnswer,
  MetricsAnswerSchema,
  NODE_API_PATHS,
  PlainAnswerSchema,
} from '@gthulhu/contracts';
import { Type } from 'typebox';
import { type Route, succeeded, timestamp } from '../http/route.ts';
import { type Family, formatMetrics, PROMETHEUS_TYPE } from '../metrics/prometheus.ts';
import { readCounters, type SchedulerCounters } from '../metrics/scheduler-counters.ts';

/** Counters in, counters out. @param families everything that /metrics shows */
export function metricsRoutes(counters: SchedulerCounters, families: () => Family[]): Route[] {
  return [
    {
      spec: {
        method: 'POST',
        path: NODE_API_PATHS.metrics,
        summary: 'Counters of the scheduler of this node; the last ones are kept',
        scope: 'metrics:write',
        body: Type.Partial(Type.Object({ ...BssCountersSchema.properties })),
        answers: { 200: { description: 'They are kept', schema: PlainAnswerSchema } },
      },
      handle: (request) => {
        counters.last = { counters: readCounters(request.body), receivedMs: Date.now() };
        return succeeded('Metrics received successfully');
      },
    },
    {
      spec: {
        method: 'GET',
        path: NODE_API_PATHS.metrics,
        summary: 'The counters that were posted last',
        scope: 'metrics:read',
        answers: { 200: { description: 'The counters, or that there are none yet', schema: MetricsAnswerSchema } },
      },
      handle: (): MetricsAnswer => {
        const { last } = counters;
        if (last === null) {
          return { success: false, message: 'No metrics data available yet', timestamp: timestamp() };
        }
        return {
          ...succeeded('Current metrics retrieved successfully'),
          data: last.counters,
          metrics_timestamp: timestamp(new Date(last.receivedMs)),
        };
      },
    },
    {
      spec: {
        method: 'GET',
        path: NODE_API_PATHS.prometheus,
        summary: 'Metrics for Prometheus',
        scope: null,
        answers: { 200: { description: 'Text format 0.0.4', contentType: 'text/plain' } },
      },
      handle: (_, reply) => reply.type(PROMETHEUS_TYPE).send(formatMetrics(families())),
    },
  ];
}
