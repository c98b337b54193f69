// SPDX-License-Identifier: Apache-2.0
/** A large node, made up: 10,000 pods of one container, 400 applications in 40 namespaces, and 500 strategies. */
import type { StrategySpec, Workload } from '@gthulhu/workloads';

export const CONTAINERS = 10_000;
export const STRATEGIES = 500;
const APPS = 400;
const NAMESPACES = 40;

export function pod(i: number, generation = 0): Workload {
  const app = i % APPS;
  const uid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}-${generation}`;
  return {
    namespace: `team-${app % NAMESPACES}`,
    name: `app-${app}-${i}`,
    uid,
    labels: {
      app: `app-${app}`,
      'app.kubernetes.io/name': `app-${app}`,
      'app.kubernetes.io/version': `1.${app % 7}`,
      'pod-template-hash': `${(app * 7_919) % 100_003}`,
      tier: `tier-${app % 3}`,
      team: `team-${app % NAMESPACES}`,
      'topology.kubernetes.io/zone': `zone-${i % 3}`,
      'statefulset.kubernetes.io/pod-name': `app-${app}-${i}`,
    },
    qosClass: 'Burstable',
    cgroupPath: `/kubepods.slice/kubepods-pod${i}.slice`,
    cgroupId: String(10 + i),
    containers: [
      {
        name: 'main',
        id: `c${i}`,
        cgroupPath: `/kubepods.slice/kubepods-pod${i}.slice/c${i}`,
        cgroupId: String(20_000 + i),
      },
    ],
  };
}

export function strategyOf(id: string, given: Partial<StrategySpec>): StrategySpec {
  return {
    id,
    origin: 'node',
    createdAtMs: 0,
    namespaces: [],
    selectors: [],
    name: null,
    commandRegex: '',
    priority: 10,
    executionTimeNs: 0,
    cpus: null,
    expiresAtMs: null,
    maxDurationMs: null,
    ...given,
  };
}

/** Of ten: five by one label, two by two labels and a namespace, one each by namespace, name, and command alone. */
export function strategies(): StrategySpec[] {
  return Array.from({ length: STRATEGIES }, (_, i) => {
    const common = { createdAtMs: i, priority: i % 21 };
    const kind = i % 10;
    const two = [
      { key: 'team', value: `team-${i % NAMESPACES}` },
      { key: 'tier', value: `tier-${i % 3}` },
    ];
    if (kind < 5) return strategyOf(`s${i}`, { ...common, selectors: [{ key: 'app', value: `app-${i % APPS}` }] });
    if (kind < 7) return strategyOf(`s${i}`, { ...common, selectors: two, namespaces: [`team-${i % NAMESPACES}`] });
    if (kind < 8) return strategyOf(`s${i}`, { ...common, namespaces: [`team-${i % NAMESPACES}`] });
    if (kind < 9) return strategyOf(`s${i}`, { ...common, name: `app-${i % APPS}-${i}` });
    return strategyOf(`s${i}`, { ...common, commandRegex: `^worker-${i}$` });
  });
}

export const pods = (): Workload[] => Array.from({ length: CONTAINERS }, (_, i) => pod(i));
