// SPDX-License-Identifier: Apache-2.0
import { hostname } from 'node:os';
import { releaseAfterStart } from '@gthulhu/bpf';
import { type Config, NODE_RULE_LIMITS } from '@gthulhu/contracts';
import type { AgentLog } from './agent-log.ts';
import { verifyAssertion } from './auth/assertion.ts';
import { readClientKey } from './auth/client-keys.ts';
import { checkShownKey } from './auth/legacy-public-key.ts';
import { openSigningKeys } from './auth/signing-keys.ts';
import { createTokens } from './auth/tokens.ts';
import { type Known, tellOfAge } from './cluster/age-log.ts';
import { type ClusterStrategies, openClusterStrategies } from './cluster/cluster-strategies.ts';
import { nodeNameOr } from './cluster/node-name.ts';
import { openClients } from './cluster/open-clients.ts';
import type { ReadDocument } from './cluster/read-document.ts';
import { type Listener, listenTcp, listenUnix } from './http/listen.ts';
import { parseListen } from './http/listen-address.ts';
import type { Route } from './http/route.ts';
import { createServer } from './http/server.ts';
import { AnswerCount, schedulerFamilies, surroundingsFamilies } from './metrics/agent-families.ts';
import { readMachineId } from './metrics/machine-id.ts';
import { processFamilies } from './metrics/process-families.ts';
import type { Family } from './metrics/prometheus.ts';
import { SchedulerCounters } from './metrics/scheduler-counters.ts';
import { ProcessTable } from './pods/process-table.ts';
import { aboutRoutes, type Surroundings } from './routes/about.ts';
import { explainRoute } from './routes/explain.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { podsRoutes } from './routes/pods.ts';
import { policiesRoute } from './routes/policies.ts';
import { previewRoute } from './routes/preview.ts';
import { strategiesRoutes } from './routes/strategies.ts';
import { strategyRoutes } from './routes/strategy.ts';
import { tokenRoutes } from './routes/token.ts';
import { workloadsRoute } from './routes/workloads.ts';
import { openStateFolder } from './state/state-folder.ts';
import { StrategyStore } from './store/strategy-store.ts';
import type { Published } from './strategies/published.ts';
import { endsAtMs } from './strategies/record.ts';
import { rehearseChanges } from './strategies/rehearse.ts';
import { StrategyBook } from './strategies/strategy-book.ts';
import { askScheduler } from './workloads/ask-scheduler.ts';
import type { NodeMatching } from './workloads/node-matching.ts';
import { openNodeMatching } from './workloads/open-matching.ts';
import { podNames } from './workloads/pod-names.ts';
import { type UnenforcedLimits, watchUnenforced } from './workloads/unenforced-limits.ts';

export interface AgentOptions {
  readonly config: Pick<Config, 'agent' | 'auth' | 'api' | 'workloads' | 'kubernetes'>;
  readonly log: AgentLog;
  readonly version: string;
  /** For strategies of the cluster. */
  readonly readDocument: ReadDocument;
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

/** Who set a limit must not believe that it holds. */
function sayUnenforced({ cpuMax, cpuWeight }: UnenforcedLimits, log: AgentLog): void {
  if (cpuMax + cpuWeight === 0) return;
  log.warn(
    `${cpuMax} workloads have cpu.max and ${cpuWeight} have cpu.weight: under sched_ext the kernel enforces neither; give strategies to those that must come first`,
    { cpuMax, cpuWeight },
  );
}

const SHOWN_ENDED = 20;

/** While the agent runs each is told when it ends. Those that ended while nobody looked, or long ago, are still stored. */
function sayEnded(book: StrategyBook, log: AgentLog): void {
  const ended = book.records.filter((record) => endsAtMs(record) <= Date.now());
  for (const record of ended.slice(0, SHOWN_ENDED)) {
    const { id } = record;
    const endsAt = new Date(endsAtMs(record)).toISOString();
    log.info(`strategy ${id} came to its end at ${endsAt}, before this start; it is stored and means nobody`, {
      id,
      endsAt,
    });
  }
  if (ended.length > SHOWN_ENDED)
    log.info(`and ${ended.length - SHOWN_ENDED} more strategies that have ended; delete those that nobody needs`);
}

/** Sources that tell of each change; what they told may be old. */
const REMOTE: readonly string[] = ['kubernetes', 'kubelet'];

function surroundingsOf(matching: NodeMatching, cluster: ClusterStrategies | null): Surroundings {
  const { source, state, note, ageSeconds } = matching.source;
  return { workloads: { source, state, note, ageSeconds }, clusterStrategies: cluster?.state() ?? null };
}

function knownOf({ workloads, clusterStrategies }: Surroundings): Known[] {
  const known: Known[] = [];
  if (REMOTE.includes(workloads.source))
    known.push({ what: 'workloads', current: workloads.ageSeconds === 0, note: workloads.note });
  if (clusterStrategies !== null) {
    const { configMap, ageSeconds, note } = clusterStrategies;
    known.push({ what: `strategies of ConfigMap ${configMap}`, current: ageSeconds === 0, note });
  }
  return known;
}

/** The scheduler would refuse more: who is left out must be known. */
function warnOfLeftOut(book: StrategyBook, log: AgentLog): void {
  let last = 0;
  const look = ({ leftOut }: Published): void => {
    if (leftOut > 0 && last === 0)
      log.warn(
        `strategies mean ${leftOut} cgroups more than the ${NODE_RULE_LIMITS.cgroups} that the scheduler has room for; the weakest strategies go without them: narrow them to fewer namespaces or labels`,
        { leftOut },
      );
    if (leftOut === 0 && last > 0) log.info('there is room for all cgroups that strategies mean again');
    last = leftOut;
  };
  look(book.published);
  book.onChange(look);
}

/**
 * Starts the node API.
 * @throws AgentError with what is in the way, and nothing is left behind
 */
export async function startAgent({ config, log, version, readDocument }: AgentOptions): Promise<Agent> {
  const { agent, auth, api, workloads, kubernetes } = config;
  const address = parseListen(agent.listen);
  const folder = openStateFolder(agent.stateFolder);
  // First of all: whoever has it is the only one here.
  const store = StrategyStore.open(folder.file('store'));
  const listeners: Listener[] = [];
  const ending = new AbortController();
  const clients = openClients(config, version);
  let cluster: ClusterStrategies | null = null;
  try {
    const keys = openSigningKeys(folder, auth, (path) => log.info(`made a key for tokens: ${path}`, { path }));
    const tokens = createTokens(keys, auth.tokenSeconds);
    // Before anybody is answered: rules without workloads would take strategies away from those who have them.
    const { matching, cgroupRoot } = await openNodeMatching(
      { config: workloads, clients, stateFile: folder.file('pods'), log },
      ending.signal,
    );
    const limits = await watchUnenforced(() => matching.workloads(), cgroupRoot);
    ending.signal.addEventListener('abort', () => limits.stop());
    sayUnenforced(limits.last, log);
    const book = new StrategyBook(store, matching);
    if (kubernetes.strategies.configMap !== '')
      cluster = await openClusterStrategies({
        config: kubernetes.strategies,
        client: clients.api(),
        book,
        stateFile: folder.file('clusterStrategies'),
        readDocument,
        log,
        workloadsKnown: () => matching.available,
      });
    warnOfLeftOut(book, log);
    const surroundings = (): Surroundings => surroundingsOf(matching, cluster);
    const stopTelling = tellOfAge(() => knownOf(surroundings()), log);
    ending.signal.addEventListener('abort', stopTelling);
    sayEnded(book, log);
    const explainParts = {
      book,
      matching,
      askKernel: (pid: number) => askScheduler(folder.file('schedulerSocket'), pid),
    };
    const processes = new ProcessTable('/proc', cgroupRoot ?? undefined);
    const readProcesses = () => processes.read();
    const counters = new SchedulerCounters();
    const answers = new AnswerCount();
    const machineId = readMachineId();
    const nodeName = nodeNameOr({ config: workloads.nodeName, env: process.env, hostname: hostname() });
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
      gauge('gthulhu_agent_cluster_strategies', 'Strategies of the cluster that are in force.', book.cluster.length),
      gauge('gthulhu_agent_rules', 'Rules for the scheduler of this node.', book.published.policies.rules.length),
      {
        name: 'gthulhu_unenforced_cpu_limits',
        type: 'gauge',
        help: 'Workloads with a limit of their cgroup that the kernel does not enforce under sched_ext.',
        samples: [
          { labels: { kind: 'cpu.max' }, value: limits.last.cpuMax },
          { labels: { kind: 'cpu.weight' }, value: limits.last.cpuWeight },
        ],
      },
      gauge('gthulhu_agent_workloads', 'Workloads that are known on this node.', matching.workloads().length),
      gauge(
        'gthulhu_agent_cgroups_left_out',
        'Cgroups that strategies mean and the scheduler has no room for.',
        book.published.leftOut,
      ),
      ...surroundingsFamilies(surroundings()),
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
      ...strategiesRoutes({ book, matching, readProcesses, compat: api.compat }),
      ...strategyRoutes({ book, matching }),
      streams.route,
      ...metricsRoutes(counters, families),
      ...podsRoutes(readProcesses, nodeName, api.compat, () => podNames(matching.workloads())),
      workloadsRoute(book, matching, cgroupRoot, () => limits.last),
      explainRoute(explainParts),
      previewRoute({ book, matching, cgroupRoot, readProcesses }),
    ];
    const app = await createServer({
      routes: [...routes, ...aboutRoutes(version, routes, surroundings)],
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
    await rehearseChanges(matching.protection);
    ending.signal.addEventListener(
      'abort',
      releaseAfterStart((reason) => log.debug(`memory of the start stays: ${reason}`)),
    );
    return {
      addresses: listeners.map(({ name }) => name),
      async close() {
        const closed = listeners.map((listener) => listener.close());
        streams.end();
        await Promise.all(closed);
        await app.close();
        ending.abort();
        await cluster?.close();
        clients.close();
        matching.stop();
        store.close();
      },
    };
  } catch (error) {
    ending.abort();
    await cluster?.close();
    clients.close();
    await Promise.all(listeners.map((listener) => listener.close()));
    store.close();
    throw error;
  }
}
