// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import type { Config } from '@gthulhu/contracts';
import type { AgentLog } from './agent-log.ts';
import { verifyAssertion } from './auth/assertion.ts';
import { readClientKey } from './auth/client-keys.ts';
import { checkShownKey } from './auth/legacy-public-key.ts';
import { openSigningKeys } from './auth/signing-keys.ts';
import { createTokens } from './auth/tokens.ts';
import { type Listener, listenTcp, listenUnix } from './http/listen.ts';
import { parseListen } from './http/listen-address.ts';
import type { Route } from './http/route.ts';
import { createServer } from './http/server.ts';
import { AnswerCount, schedulerFamilies } from './metrics/agent-families.ts';
import { readMachineId } from './metrics/machine-id.ts';
import { processFamilies } from './metrics/process-families.ts';
import type { Family } from './metrics/prometheus.ts';
import { SchedulerCounters } from './metrics/scheduler-counters.ts';
import { ProcessTable } from './pods/process-table.ts';
import { aboutRoutes } from './routes/about.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { podsRoutes } from './routes/pods.ts';
import { policiesRoute } from './routes/policies.ts';
import { strategiesRoutes } from './routes/strategies.ts';
import { strategyRoutes } from './routes/strategy.ts';
import { tokenRoutes } from './routes/token.ts';
import { openStateFolder } from './state/state-folder.ts';
import { StrategyStore } from './store/strategy-store.ts';
import { StrategyBook } from './strategies/strategy-book.ts';
import { NO_WORKLOADS, type WorkloadSource } from './strategies/workload-source.ts';

export interface AgentOptions {
  readonly config: Pick<Config, 'agent' | 'auth' | 'api'>;
  readonly log: AgentLog;
  readonly version: string;
  readonly workloads?: WorkloadSource;
}

export interface Agent {
  /** Where it listens: `unix:/path`, `http://127.0.0.1:8080`. */
  readonly addresses: readonly string[];
  /** Answers what it has begun, ends streams, and leaves the store closed. */
  close(): Promise<void>;
}

const gauge = (name: string, help: string, value: number): Family => ({
  name,
  type: 'gauge',
  help,
  samples: [{ value }],
});

/**
 * Starts the node API.
 * @throws AgentError with what is in the way, and nothing is left behind
 */
export async function startAgent({ config, log, version, workloads = NO_WORKLOADS }: AgentOptions): Promise<Agent> {
  const { agent, auth, api } = config;
  const address = parseListen(agent.listen);
  const folder = openStateFolder(agent.stateFolder);
  // First of all: whoever has it is the only one here.
  const store = StrategyStore.open(folder.file('store'));
  const listeners: Listener[] = [];
  try {
    const keys = openSigningKeys(folder, auth, (path) => log.info(`made a key for tokens: ${path}`, { path }));
    const tokens = createTokens(keys, auth.tokenSeconds);
    const book = new StrategyBook(store, workloads);
    const processes = new ProcessTable();
    const readProcesses = () => processes.read();
    const counters = new SchedulerCounters();
    const answers = new AnswerCount();
    const machineId = readMachineId();
    const streams = policiesRoute(book);

    const keyOf = (clientId: string) => {
      try {
        return readClientKey(folder.file('clientFolder'), clientId);
      } catch (error) {
        // The client learns nothing of our files.
        log.warn(`the registered key of client ${clientId} cannot be used: ${(error as Error).message}`, { clientId });
        return null;
      }
    };
    const useOnce = (clientId: string, jti: string, until: number) =>
      store.useAssertion(clientId, jti, until, Date.now() / 1_000);
    const { rsa } = keys;
    const families = (): Family[] => [
      ...schedulerFamilies(counters, machineId),
      gauge('gthulhu_agent_strategies', 'Strategies that are stored.', book.records.length),
      gauge('gthulhu_agent_rules', 'Rules for the scheduler of this node.', book.published.policies.rules.length),
      gauge('gthulhu_agent_policy_streams', 'Clients that are told of each change.', streams.count()),
      answers.family(),
      ...processFamilies(),
    ];
    const routes: Route[] = [
      ...tokenRoutes({
        tokens,
        verifyAssertion: (assertion) => verifyAssertion(assertion, { keyOf, useOnce, now: Date.now }),
        checkShownKey: auth.legacyPublicKey && rsa !== null ? (pem) => checkShownKey(pem, rsa) : null,
      }),
      ...strategiesRoutes({ book, workloads, readProcesses, compat: api.compat }),
      ...strategyRoutes({ book, workloads }),
      streams.route,
      ...metricsRoutes(counters, families),
      ...podsRoutes(readProcesses, process.env.NODE_NAME || hostname(), api.compat),
    ];
    const app = await createServer({
      routes: [...routes, ...aboutRoutes(version, routes)],
      tokens,
      log,
      answered: (method, path, status) => answers.count(method, path, status),
    });
    const handler = app.routing.bind(app);

    if (auth.legacyPublicKey) {
      log.warn(
        `auth.legacyPublicKey is on: whoever has the public key ${folder.file('rsaPublicKey')} may do everything here; register a key for each client instead`,
      );
    }
    listeners.push(await listenUnix(handler, folder.file('apiSocket')));
    if (address !== null) {
      if (!address.loopback) {
        log.warn(
          `agent.listen is ${agent.listen}: everybody who reaches this machine reaches the node API, and without TLS; use 127.0.0.1 or [::1] unless that is meant`,
        );
      }
      listeners.push(await listenTcp(handler, address));
    }
    for (const { name } of listeners) log.info(`node API listens on ${name}`, { address: name });
    log.info(`strategies stored: ${book.records.length}, in ${folder.path}`, {
      strategies: book.records.length,
      stateFolder: folder.path,
    });
    return {
      addresses: listeners.map(({ name }) => name),
      async close() {
        const closed = listeners.map((listener) => listener.close());
        streams.end();
        await Promise.all(closed);
        await app.close();
        store.close();
      },
    };
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    store.close();
    throw error;
  }
}
