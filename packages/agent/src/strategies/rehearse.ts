// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Protection, Workload, WorkloadProvider } from '@gthulhu/workloads';
import { NodeMatching } from '../workloads/node-matching.ts';
import { readStrategies, readStrategy } from './read-strategies.ts';
import { regexFaults } from './regex-checker.ts';
import { StrategyBook } from './strategy-book.ts';

/** Afterwards everything is compiled; more would only pay for speed that lasts. */
const ROUNDS = 3;

const workload = (index: number): Workload => ({
  namespace: 'rehearsal',
  name: `w${index}`,
  uid: `w${index}`,
  labels: { app: `w${index}` },
  qosClass: null,
  cgroupPath: `/w${index}`,
  cgroupId: `${index + 2}`,
  containers: [],
});

const PROVIDER: WorkloadProvider = {
  name: 'rehearsal',
  start: () => Promise.resolve(),
  workloads: () => [workload(0), workload(1), workload(2)],
  subscribe: () => () => undefined,
  health: () => ({ state: 'ready', message: '', repairs: 0, ageMs: 0 }),
};

/**
 * Goes the way of a change once before somebody waits for it, with strategies, workloads and a book that are thrown away:
 * schemas and code are compiled when they are used for the first time, and that takes longer than hundreds of changes.
 * Others are served between the steps.
 */
export async function rehearseChanges(protection: Protection): Promise<void> {
  const matching = new NodeMatching({ provider: PROVIDER, protection });
  const book = new StrategyBook({ load: () => [], apply: () => undefined }, matching);
  const selectors = [{ key: 'app', value: 'w0' }];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const command_regex = `^rehearsal-${round}$`;
      await nextTurn();
      const given = readStrategies({ strategies: [{ command_regex, priority: 3 }, { selectors }, { priority: 12 }] });
      await nextTurn();
      await regexFaults([command_regex], new Set());
      await nextTurn();
      book.replace(given);
      void book.published.json;
      await nextTurn();
      const { strategy } = readStrategy({ selectors, priority: round, execution_time: 1_000_000 });
      book.change(book.records[1].id, strategy);
      JSON.stringify(book.published.change);
    }
  } finally {
    matching.stop();
  }
}
