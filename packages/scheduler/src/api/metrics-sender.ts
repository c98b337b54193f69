// SPDX-License-Identifier: Apache-2.0
import { BSS_ORDER_2025, type BssCounters, NODE_API_PATHS } from '@gthulhu/contracts';
import type { Logger } from '../log/logger.ts';
import * as say from '../log/messages.ts';
import { expectStatus, type NodeClient } from './node-client.ts';
import { TransportError } from './transport.ts';

export interface MetricsSender {
  /** Posts them, unless those before are still on their way. */
  send(counters: BssCounters): void;
  stop(): Promise<void>;
}

export function createMetricsSender(client: NodeClient, logger: Logger): MetricsSender {
  let sending: Promise<void> | null = null;
  let stopped = false;

  async function post(counters: BssCounters): Promise<void> {
    const body = Object.fromEntries(BSS_ORDER_2025.map((name) => [name, counters[name]]));
    try {
      expectStatus(await client.request({ method: 'POST', path: NODE_API_PATHS.metrics, body }), 200);
      if (!stopped) logger.log(say.metricsSent());
    } catch (error) {
      if (stopped) return;
      const { message, name } = error as Error;
      const sent = error instanceof TransportError || name === 'TokenError';
      logger.log(say.metricsFailed(sent ? `failed to send metrics request: ${message}` : message));
    }
  }

  return {
    send(counters) {
      if (sending !== null || stopped) {
        logger.debug('these counters were not sent: the API has not yet taken those before');
        return;
      }
      sending = post(counters).finally(() => {
        sending = null;
      });
    },
    async stop() {
      stopped = true;
      await sending;
    },
  };
}
