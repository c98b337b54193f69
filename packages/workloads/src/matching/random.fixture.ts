// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '../workload.ts';
import type { StrategySpec } from './strategy-spec.ts';

/** Numbers below a bound, the same for the same seed, so that a failure can be repeated: Lehmer, modulus 2^31 - 1. */
export type Random = (below: number) => number;

export function randomNumbers(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)];

export function shuffled<T>(random: Random, given: readonly T[]): T[] {
  const all = [...given];
  for (let i = all.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [all[i], all[j]] = [all[j], all[i]];
  }
  return all;
}

const NAMESPACES = ['', 'shop', 'system.slice', '__proto__'];
const NAMES = ['a', 'b', 'nginx.service', 'constructor'];
const KEYS = ['app', 'tier', '__proto__', 'constructor', 'toString'];
const VALUES = ['x', 'y', ''];
const REGEXES = ['', '', 'a', '^b$'];

export const strategy = (id: string, given: Partial<StrategySpec> = {}): StrategySpec => ({
  id,
  origin: 'node',
  createdAtMs: 0,
  namespaces: [],
  selectors: [],
  name: null,
  commandRegex: '',
  priority: null,
  executionTimeNs: 0,
  cpus: null,
  expiresAtMs: null,
  maxDurationMs: null,
  ...given,
});

const some = <T>(random: Random, from: readonly T[], most: number): T[] =>
  Array.from({ length: random(most + 1) }, () => pick(random, from));

export function randomStrategy(random: Random, id: string): StrategySpec {
  return strategy(id, {
    origin: random(3) === 0 ? 'cluster' : 'node',
    createdAtMs: random(3),
    namespaces: random(2) === 0 ? [] : some(random, NAMESPACES, 2),
    selectors: random(2) === 0 ? [] : some(random, KEYS, 2).map((key) => ({ key, value: pick(random, VALUES) })),
    name: random(4) === 0 ? pick(random, NAMES) : null,
    commandRegex: pick(random, REGEXES),
    priority: random(4) === 0 ? null : random(4),
    executionTimeNs: random(2) * 1_000_000,
  });
}

export function workload(uid: string, given: Partial<Workload> = {}): Workload {
  return {
    namespace: '',
    name: uid,
    uid,
    labels: {},
    qosClass: null,
    cgroupPath: null,
    cgroupId: null,
    containers: [{ name: 'main', id: '', cgroupPath: null, cgroupId: null }],
    ...given,
  };
}

export function randomWorkload(random: Random, uid: string): Workload {
  const labels: Record<string, string> = Object.create(null);
  for (const key of some(random, KEYS, 4)) labels[key] = pick(random, VALUES);
  const name = pick(random, NAMES);
  const cgroupId = `${1 + random(1_000_000)}`;
  return workload(uid, { namespace: pick(random, NAMESPACES), name, labels, cgroupPath: `/x/${name}`, cgroupId });
}
