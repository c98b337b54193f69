// SPDX-License-Identifier: Apache-2.0
import {
  type BssCounters,
  type Config,
  isProtecting,
  NODE_API_PATHS,
  type NodePolicies,
  type NodeRule,
} from '@gthulhu/contracts';
import type { Logger } from '../log/logger.ts';
import * as say from '../log/messages.ts';
import { intervalSeconds, openTransport, schedulerCredentials } from './api-settings.ts';
import { createMetricsSender, type MetricsSender } from './metrics-sender.ts';
import { createNodeClient, type NodeClient } from './node-client.ts';
import { followPolicies, type PolicyFollower } from './policy-follower.ts';
import { NoPoliciesError } from './policy-poll.ts';
import type { StreamLimits } from './policy-stream.ts';
import { createTokenSource, TokenError } from './token-source.ts';
import { type Limits, type Transport, TransportError } from './transport.ts';

/** Without those that keep strategies from the protected. */
const strategyRules = ({ rules }: NodePolicies): NodeRule[] => rules.filter(({ id }) => !isProtecting(id));

/** Whoever puts rules in force: all of them, or, when it throws, none and what was in force stays. */
export interface RuleSink {
  /** Rules of an earlier process may be in force: whatever comes first has to be put in force, also nothing. */
  readonly dirty: boolean;
  enforce(rules: readonly NodeRule[]): void;
}

/** The scheduler's side of the node API. */
export interface ApiClient {
  /** From now on the rules of the API. */
  follow(sink: RuleSink): void;
  report(counters: BssCounters): void;
  stop(): Promise<void>;
}

/** For tests: shorter than a configuration can say, ms. */
export interface ApiTiming {
  readonly intervalMs?: number;
  readonly requests?: Limits;
  readonly stream?: StreamLimits;
  /** A stream that said something so lately is alive. */
  readonly aliveMs?: number;
}

const sameRules = (a: readonly NodeRule[], b: readonly NodeRule[]): boolean =>
  a.length === b.length && a.every((rule, i) => rule === b[i] || JSON.stringify(rule) === JSON.stringify(b[i]));

/** In the words of the published logs: what failed before any answer is a request that was not sent. */
const reasonOf = (error: Error): string =>
  error instanceof TransportError && !(error instanceof TokenError)
    ? `failed to send request: ${error.message}`
    : error.message;

/** Says what comes, puts in force what is new. */
function startFollowing(
  client: NodeClient,
  timing: ApiTiming & { readonly intervalMs: number },
  logger: Logger,
  sink: RuleSink,
): PolicyFollower {
  let revision: string | null = null;
  let strategies = 0;
  /** Null: what an earlier process gave tasks may still be there. */
  let inForce: readonly NodeRule[] | null = sink.dirty ? null : [];
  let isFirst = true;
  let away = false;
  let isOlder = false;

  function fetched(): void {
    logger.log(isFirst ? say.initialStrategiesFetched(strategies) : say.strategiesUpdated(strategies));
    isFirst = false;
    away = false;
  }

  function apply(policies: NodePolicies): void {
    if (policies.revision === revision && !away) return;
    const isNew = inForce === null || !sameRules(policies.rules, inForce);
    if (isNew) {
      sink.enforce(policies.rules);
      inForce = policies.rules;
    }
    revision = policies.revision;
    strategies = policies.strategies;
    fetched();
    if (isNew) logger.log(say.strategyMapUpdated(strategyRules(policies).length));
  }

  function failed(error: Error): void {
    if (error instanceof NoPoliciesError) {
      if (!isOlder) logger.warn(say.OLDER_API);
      isOlder = true;
      return;
    }
    isOlder = false;
    const reason = reasonOf(error);
    logger.log(isFirst ? say.initialStrategiesFailed(reason) : say.strategiesFailed(reason));
    isFirst = false;
    if (!away && revision !== null) logger.info('the strategies fetched before stay in force', { strategies });
    away = true;
  }

  return followPolicies({
    client,
    intervalMs: timing.intervalMs,
    streamLimits: timing.stream,
    aliveMs: timing.aliveMs,
    apply,
    onUnchanged: () => {
      if (away) fetched();
    },
    onFailed: failed,
    onStream: (sentence) => logger.debug(sentence),
  });
}

/** @returns null when it cannot be had: the log says why, and the scheduler goes on without strategies of the API */
export function startApiClient(config: Config, logger: Logger, timing: ApiTiming = {}): ApiClient | null {
  let transport: Transport;
  let client: NodeClient;
  const seconds = intervalSeconds(config.api);
  try {
    transport = openTransport(config, timing.requests);
    logger.log(say.apiConfig(`${transport.endpoint.base}${NODE_API_PATHS.strategies}`, seconds));
    const credentials = schedulerCredentials(config);
    const onClockDiffers = (by: number): void =>
      logger.warn(`the clock of the API is ${by} s ahead of this one: its time is used to ask for tokens`, { by });
    const tokens = credentials === null ? null : createTokenSource({ transport, credentials, onClockDiffers });
    client = createNodeClient(transport, tokens);
    logger.log(say.strategyFetcherStarted(seconds, tokens !== null));
  } catch (error) {
    logger.log(say.jwtClientFailed((error as Error).message));
    logger.log(say.strategyFetcherDisabled());
    return null;
  }
  const metrics: MetricsSender = createMetricsSender(client, logger);
  let follower: PolicyFollower | null = null;
  return {
    follow(sink) {
      follower = startFollowing(client, { intervalMs: seconds * 1000, ...timing }, logger, sink);
    },
    report: (counters) => metrics.send(counters),
    async stop() {
      const ended = [follower?.stop(), metrics.stop()];
      transport.close();
      await Promise.all(ended);
    },
  };
}
