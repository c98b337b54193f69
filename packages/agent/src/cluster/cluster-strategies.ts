// SPDX-License-Identifier: Apache-2.0
import { type ClusterState, type Config, parseConfigMapName } from '@gthulhu/contracts';
import { type Client, type ConfigMapContent, followConfigMap } from '@gthulhu/kube';
import { AgentError } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import type { StrategyBook } from '../strategies/strategy-book.ts';
import { strategyWarnings } from '../strategies/warnings.ts';
import { inSeconds } from './age.ts';
import { readClusterRecords } from './cluster-records.ts';
import type { ReadDocument } from './read-document.ts';

export interface ClusterStrategies {
  state(): ClusterState;
  close(): Promise<void>;
}

export interface ClusterStrategiesOptions {
  readonly config: Config['kubernetes']['strategies'];
  readonly client: Client;
  readonly book: StrategyBook;
  /** Where the text in force is kept over a restart. */
  readonly stateFile: string;
  readonly readDocument: ReadDocument;
  readonly log: AgentLog;
  /** Whether workloads are known, for the warnings. */
  readonly workloadsKnown: () => boolean;
}

/** A server that says nothing must not keep the node API from its other callers. */
const FIRST_TEXT_MS = 10_000;
/** Of what is wrong with a text: the rest is seen when these are mended. */
const SHOWN_FAULTS = 3;

/** Errors of documents have a line for each fault; a status and a log have one. */
function oneLine(error: unknown): Error {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n');
  const more = lines.length > SHOWN_FAULTS ? [`and ${lines.length - SHOWN_FAULTS} more faults`] : [];
  return new Error([...lines.slice(0, SHOWN_FAULTS), ...more].join('; '), { cause: error });
}

/**
 * Puts the strategies of one ConfigMap in force beside those that are stored, and follows it. Resolves when the last text
 * from disk is in force, or the cluster has said what there is, or it is known that it cannot.
 * @throws AgentError when the name is none
 */
export async function openClusterStrategies(options: ClusterStrategiesOptions): Promise<ClusterStrategies> {
  const { config, client, book, stateFile, readDocument, log, workloadsKnown } = options;
  const { configMap, key } = config;
  const named = parseConfigMapName(configMap);
  if (named === null) throw new AgentError(`kubernetes.strategies.configMap is ${configMap}, must be NAMESPACE/NAME`);
  const title = `ConfigMap ${configMap}`;

  const take = async (content: ConfigMapContent): Promise<void> => {
    const known = new Set(book.all.map(({ strategy }) => strategy.command_regex ?? ''));
    const given = { before: book.cluster, known };
    const records = await readClusterRecords(content, config, readDocument, given);
    book.replaceCluster(records, title);
    const { resourceVersion } = content;
    const count = records.length;
    log.info(`strategies of ${title}: ${count} in force, version ${resourceVersion}`, {
      configMap,
      resourceVersion,
      strategies: count,
    });
    const strategies = records.map(({ strategy }) => strategy);
    for (const warning of strategyWarnings(strategies, workloadsKnown())) log.warn(`${title}: ${warning}`);
  };
  const apply = async (content: ConfigMapContent | null): Promise<void> => {
    try {
      if (content !== null) return await take(content);
      book.replaceCluster([], title);
      log.info(`${title} is not there: no strategies from the cluster`, { configMap });
    } catch (error) {
      throw oneLine(error);
    }
  };
  const follower = followConfigMap({ client, ...named, key, apply, stateFile, onWarning: (line) => log.warn(line) });
  // A long text takes its time on a busy machine; without it those who are meant would lose their strategies for a while.
  await follower.restored;
  const late = AbortSignal.timeout(FIRST_TEXT_MS);
  await Promise.race([follower.ready, new Promise((resolve) => late.addEventListener('abort', resolve))]);

  return {
    state() {
      const { state, inForce, resourceVersion, message, ageMs } = follower.status();
      const strategies = book.cluster.length;
      const ageSeconds = inSeconds(ageMs);
      return { configMap, key, state, inForce, resourceVersion, strategies, note: message, ageSeconds };
    },
    close: () => follower.close(),
  };
}
