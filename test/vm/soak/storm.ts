// SPDX-License-Identifier: Apache-2.0
import type { Dispatch, Machine } from '../plan.ts';
import { draw, pick } from './random.ts';

/**
 * Faults that take less than a second each. Up to three happen at the same time to a population that goes on from one to
 * the next; guest/storm/faults.ts carries them out.
 */
export const SMALL = [
  'affinity',
  'nice',
  'idlePolicy',
  'realTime',
  'stopped',
  'frozen',
  'moved',
  'weighed',
  'killed',
  'forks',
  'crowd',
  'pinnedCrowd',
  'stress',
  'traced',
  'strategies',
  'brokenStrategies',
  'silence',
  'clock',
  'policy',
  'breakdown',
] as const;

export type Small = (typeof SMALL)[number];

/** Where they have something to happen to. */
const FITS: Partial<Record<Small, (machine: Machine, dispatch: Dispatch) => boolean>> = {
  affinity: ({ cpus }) => cpus > 1,
  pinnedCrowd: ({ cpus }) => cpus > 1,
  policy: (_, dispatch) => dispatch !== 'kernel',
  breakdown: (_, dispatch) => dispatch !== 'kernel',
};

export interface SmallFault {
  /** in the whole sequence */
  readonly index: number;
  readonly kind: Small;
}

export function smallFits(kind: Small, machine: Machine, dispatch: Dispatch): boolean {
  return FITS[kind]?.(machine, dispatch) ?? true;
}

/** What is drawn for one fault, one thing after the other: the same for the same seed and index, whatever came before. */
export class Dice {
  #purpose = 100;
  readonly #seed: number;
  readonly #index: number;

  constructor(seed: number, index: number) {
    this.#seed = seed;
    this.#index = index;
  }

  /** In [0, 1). */
  next(): number {
    return draw(this.#seed, this.#index, this.#purpose++);
  }

  /** A whole number from `least` to `most`. */
  from(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  of<T>(list: readonly T[]): T {
    return pick(list, this.next());
  }
}

const AT_ONCE = 3;

/** Those that happen at the same time, one group after the other. */
export function groupsOf(seed: number, faults: readonly SmallFault[]): SmallFault[][] {
  const groups: SmallFault[][] = [];
  for (let at = 0; at < faults.length; ) {
    const size = new Dice(seed, faults[at].index).from(1, AT_ONCE);
    groups.push(faults.slice(at, at + size));
    at += size;
  }
  return groups;
}
