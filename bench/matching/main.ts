// SPDX-License-Identifier: Apache-2.0
/**
 * Measures the matcher and prints ms as JSON: CPU time of the thread, so that others on the machine do not count. Each
 * kind of change is measured with what it makes necessary at once.
 */
import { sys } from '@gthulhu/bpf';
import {
  comparePrecedence,
  createMatcher,
  DEFAULT_PROTECTION,
  type Matcher,
  protectedBy,
  type StrategySpec,
  type Workload,
} from '@gthulhu/workloads';
import { pod, pods, strategies, strategyOf } from './node.ts';

const ROUNDS = 12;
const isProtected = protectedBy(DEFAULT_PROTECTION);

function timed(work: () => unknown): number {
  const start = sys.threadCpuNs();
  work();
  return (sys.threadCpuNs() - start) / 1e6;
}

function cold(given: readonly StrategySpec[], workloads: readonly Workload[]): Matcher {
  const matcher = createMatcher(isProtected);
  matcher.changeStrategies({ put: given });
  matcher.changeWorkloads({ put: workloads });
  for (const { decision } of matcher.groups()) void decision.losses;
  return matcher;
}

/** What one would write first: every strategy against every workload, then sorted. */
function naive(given: readonly StrategySpec[], workloads: readonly Workload[]): Map<string, StrategySpec[]> {
  const result = new Map<string, StrategySpec[]>();
  for (const workload of workloads) {
    if (isProtected(workload) !== null) continue;
    const means = (s: StrategySpec): boolean =>
      (s.name === null || s.name === workload.name) &&
      (s.namespaces.length === 0 || s.namespaces.includes(workload.namespace)) &&
      s.selectors.every(({ key, value }) => workload.labels[key] === value);
    result.set(workload.uid, given.filter(means).sort(comparePrecedence));
  }
  return result;
}

/** With what the scheduler has to hear of afterwards. */
function change(matcher: Matcher, put: StrategySpec): number {
  return timed(() => {
    for (const { inForce } of matcher.changeStrategies({ put: [put] })) void inForce;
  });
}

const given = strategies();
const workloads = pods();
const times: Record<string, number[]> = {};
const note = (name: string, ms: number): void => {
  const there = times[name];
  if (there === undefined) times[name] = [ms];
  else there.push(ms);
};

note(
  'first',
  timed(() => cold(given, workloads)),
);
for (let round = 0; round < ROUNDS; round++) {
  note(
    'naive',
    timed(() => naive(given, workloads)),
  );
  note(
    'cold',
    timed(() => cold(given, workloads)),
  );
  const matcher = cold(given, workloads);
  note(
    'prepare',
    timed(() => {
      while (matcher.prepareNext());
    }),
  );
  const one = (id: string, priority: number, key: string, value: string) =>
    change(matcher, strategyOf(id, { priority, selectors: [{ key, value }] }));
  one('warm', 1, 'app', 'app-399');
  note('label', one('l1', 2, 'app', 'app-7'));
  note('label', one('l1', 3, 'app', 'app-7'));
  note('newLabel', one('l2', 2, 'app.kubernetes.io/version', '1.3'));
  note('everybody', change(matcher, strategyOf('all', { priority: 3 })));
  const next = pod(round, 1);
  note(
    'container',
    timed(() => matcher.changeWorkloads({ put: [next] })),
  );
  note(
    'decision',
    timed(() => matcher.decisionOf(next.uid)?.losses),
  );
}
process.stdout.write(`${JSON.stringify(times)}\n`);
