// SPDX-License-Identifier: Apache-2.0
import type { Dispatch, Machine, Request } from '../plan.ts';
import { draw, pick } from './random.ts';
import { SMALL, type SmallFault, smallFits } from './storm.ts';

export interface Kind {
  readonly scenario: string;
  /** seconds of guest time: a short version of the scenario; its own default where it is not said */
  readonly seconds?: number;
  readonly fits?: (machine: Machine, dispatch: Dispatch) => boolean;
  /** It ends the scheduler that others share, or has one of its own. */
  readonly alone?: boolean;
}

const several = ({ cpus }: Machine): boolean => cpus > 1;
/** Where the guest's clock tells the truth about latencies. */
const one = ({ cpus }: Machine): boolean => cpus === 1;
const four = ({ cpus }: Machine): boolean => cpus === 4;
const asked = (_: Machine, dispatch: Dispatch): boolean => dispatch === 'hybrid';

/** Faults that need a scenario of their own, each in a version that takes a few seconds. */
export const KINDS: readonly Kind[] = [
  { scenario: 'affinityChurn', seconds: 4, fits: several },
  { scenario: 'pinned', seconds: 5, fits: several },
  { scenario: 'forkStorm', seconds: 3 },
  { scenario: 'weights', seconds: 5, fits: one },
  { scenario: 'ownThreads', seconds: 5 },
  { scenario: 'frozen', seconds: 6 },
  { scenario: 'ringFull', seconds: 3, fits: asked, alone: true },
  { scenario: 'policyThrows', fits: asked, alone: true },
  { scenario: 'policyHangs', fits: asked, alone: true },
  { scenario: 'policyNaN', fits: asked, alone: true },
  { scenario: 'policySlow', fits: asked, alone: true },
  { scenario: 'policyPartial', fits: asked, alone: true },
  { scenario: 'favoursZero', fits: asked, alone: true },
  { scenario: 'delaysOthers', fits: asked, alone: true },
  { scenario: 'urgentFlood', seconds: 4, alone: true },
  { scenario: 'cgroupPolicies', alone: true },
  { scenario: 'commandPolicies', alone: true },
  { scenario: 'takeoverKilled', alone: true },
  { scenario: 'takeoverDead', alone: true },
  { scenario: 'second' },
  { scenario: 'killed', alone: true },
  { scenario: 'sysrqS', alone: true },
  { scenario: 'crowd5000', seconds: 8, fits: one, alone: true },
  { scenario: 'exclusiveCrowd', seconds: 10, fits: four, alone: true },
  { scenario: 'freezer', seconds: 3 },
  { scenario: 'jobControl', seconds: 3 },
  { scenario: 'traced', seconds: 3 },
  { scenario: 'inversionMutex', seconds: 8, alone: true },
  { scenario: 'inversionFault', seconds: 5 },
  { scenario: 'stressMixes', seconds: 1 },
  { scenario: 'execSetuid', seconds: 4, fits: one, alone: true },
  { scenario: 'userNamespaces', seconds: 5, fits: one, alone: true },
  { scenario: 'realtimeHogFree' },
  { scenario: 'realtimeHogPinned', fits: several },
  { scenario: 'cpuHotplug', seconds: 1, fits: several },
  { scenario: 'suspendResume', seconds: 2 },
];

/** Faults that one machine plays one after the other: its start and that of its first scheduler are paid once. */
export const FAULTS_A_MACHINE = 50;

/** The others are scenarios, which take as long as forty small ones. */
const SMALL_PART = 0.95;

const KERNELS = ['7', '6.12'] as const;
/** Emulated one after the other, four CPUs take four times as long: rarer. */
const CPUS = [1, 1, 1, 2, 2, 2, 4] as const;

export interface Leg extends Machine {
  readonly dispatch: Dispatch;
  readonly faults: readonly Fault[];
}

export interface Fault {
  /** in the whole sequence, from 0 */
  readonly index: number;
  /** what plays it; small ones share a storm */
  readonly request: Request;
}

/** What is played at once, and the faults that happen in it. */
export interface Play {
  readonly request: Request;
  readonly indexes: readonly number[];
}

export function machineAt(seed: number, leg: number): Machine & { readonly dispatch: Dispatch } {
  return {
    kernel: pick(KERNELS, draw(seed, leg, 1)),
    cpus: pick(CPUS, draw(seed, leg, 2)),
    // Opinions are where most can go wrong; `strict` is for work on policies.
    dispatch: pick(['hybrid', 'hybrid', 'hybrid', 'kernel', 'kernel', 'strict'] as const, draw(seed, leg, 3)),
  };
}

export function faultAt(seed: number, index: number): Fault {
  const { dispatch, ...machine } = machineAt(seed, Math.floor(index / FAULTS_A_MACHINE));
  if (draw(seed, index, 5) < SMALL_PART) {
    const kind = pick(
      SMALL.filter((small) => smallFits(small, machine, dispatch)),
      draw(seed, index, 4),
    );
    return { index, request: { scenario: 'storm', dispatch, storm: { seed, faults: [{ index, kind }] } } };
  }
  const fitting = KINDS.filter(({ fits }) => fits === undefined || fits(machine, dispatch));
  const { scenario, seconds } = pick(fitting, draw(seed, index, 4));
  return { index, request: { scenario, dispatch, ...(seconds === undefined ? {} : { seconds }) } };
}

const smallOf = ({ request }: Fault): readonly SmallFault[] => request.storm?.faults ?? [];

function stormOf(faults: readonly Fault[]): Play[] {
  const small = faults.filter((fault) => smallOf(fault).length > 0);
  if (small.length === 0) return [];
  const { request } = small[0];
  const all = small.flatMap(smallOf);
  const seed = request.storm?.seed ?? 0;
  return [{ request: { ...request, storm: { seed, faults: all } }, indexes: all.map(({ index }) => index) }];
}

const isAlone = (scenario: string): boolean => KINDS.some((kind) => kind.alone && scenario === kind.scenario);

/**
 * The order in which a machine plays them: the small ones as one storm. Starting a scheduler takes longer than most
 * faults: then come those that share one, then the others, equal ones one after the other.
 */
export function inOrderOfPlay(faults: readonly Fault[]): Play[] {
  const placeOf = ({ scenario }: Request): string => (isAlone(scenario) ? scenario : '');
  const scenarios = faults
    .filter((fault) => smallOf(fault).length === 0)
    .sort((a, b) => placeOf(a.request).localeCompare(placeOf(b.request)) || a.index - b.index);
  return [...stormOf(faults), ...scenarios.map(({ index, request }) => ({ request, indexes: [index] }))];
}

/** The faults from `start` on, by the machines that play them. The same for the same numbers, always. */
export function legs(seed: number, start: number, count: number): Leg[] {
  const found: Leg[] = [];
  for (let index = start; index < start + count; ) {
    const leg = Math.floor(index / FAULTS_A_MACHINE);
    const end = Math.min((leg + 1) * FAULTS_A_MACHINE, start + count);
    const faults = Array.from({ length: end - index }, (_, i) => faultAt(seed, index + i));
    found.push({ ...machineAt(seed, leg), faults });
    index = end;
  }
  return found;
}
