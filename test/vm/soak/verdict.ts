// SPDX-License-Identifier: Apache-2.0
import { FAULTS_A_MACHINE, type Leg } from './faults.ts';

/** One fault and what was found wrong about it; empty: all is well. */
export interface Played {
  readonly index: number;
  readonly failures: readonly string[];
  /** of the guest's clock */
  readonly tookMs: number;
  /** why this kernel cannot play it */
  readonly skipped?: string;
}

export function describeLeg({ kernel, cpus, dispatch, faults }: Leg): string {
  const last = faults[0].index + faults.length - 1;
  return `faults ${faults[0].index} to ${last}: Linux ${kernel}, ${cpus} CPU${cpus > 1 ? 's' : ''}, ${dispatch}`;
}

/** The last lines of a soak: how it went, what failed first, and how to see it again. */
export function verdict(seed: number, played: readonly Played[]): string[] {
  const failed = played.filter(({ failures }) => failures.length > 0);
  if (failed.length === 0) return [`soak: all ${played.length} faults were survived (SEED=${seed})`];
  const first = failed[0];
  const before = first.index % FAULTS_A_MACHINE;
  return [
    `soak: ${failed.length} of ${played.length} faults failed: ${failed.map(({ index }) => index).join(' ')}`,
    `soak: the first is ${first.index}: ${first.failures.join('; ')}`,
    `soak: alone:                 make soak SEED=${seed} START=${first.index} FAULTS=1`,
    `soak: with its machine's:    make soak SEED=${seed} START=${first.index - before} FAULTS=${FAULTS_A_MACHINE}`,
  ];
}
