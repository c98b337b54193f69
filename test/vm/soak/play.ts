// SPDX-License-Identifier: Apache-2.0
import { type Boot, type BootResult, boot } from '../machine.ts';
import type { Outcome } from '../plan.ts';
import { expectations } from '../scenarios.ts';
import { inOrderOfPlay, type Leg, type Play } from './faults.ts';
import type { Played } from './verdict.ts';

/** A machine with four emulated CPUs and a loaded host takes long. */
const MACHINE_LIMIT_SECONDS = 7200;

/** Those whose #INDEX it names; the first where it names none. */
function blamed(failure: string, indexes: readonly number[]): number[] {
  const named = [...failure.matchAll(/#(\d+)/g)].map(([, index]) => Number(index));
  const found = indexes.filter((index) => named.includes(index));
  return found.length > 0 ? found : indexes.slice(0, 1);
}

function judged({ indexes, request }: Play, outcome: Outcome): Played[] {
  const failures = expectations[request.scenario](outcome);
  const { skipped } = outcome.measured;
  return indexes.map((index) => ({
    index,
    failures: failures.filter((failure) => blamed(failure, indexes).includes(index)),
    tookMs: outcome.tookMs / indexes.length,
    ...(skipped === undefined ? {} : { skipped }),
  }));
}

/**
 * Plays the faults of a leg, and judges each as soon as it is over. Where one ends its machine, that one has failed (in a
 * storm, all of it), and another machine plays the others.
 * @param start boots a machine; returns when it has ended
 */
export async function playLeg(
  { kernel, cpus, faults }: Leg,
  told: (play: Play, played: readonly Played[]) => void,
  start: (machine: Boot) => Promise<BootResult> = boot,
): Promise<Played[]> {
  const plays = inOrderOfPlay(faults);
  const all: Played[] = [];
  for (let next = 0; next < plays.length; ) {
    const add = (played: readonly Played[]): void => {
      told(plays[next], played);
      all.push(...played);
      next++;
    };
    const { output, status } = await start({
      ...{ kernel, cpus, icount: true, limitSeconds: MACHINE_LIMIT_SECONDS },
      requests: plays.slice(next).map(({ request }) => request),
      onOutcome: (outcome) => add(judged(plays[next], outcome)),
    });
    if (next < plays.length) {
      const failures = [`the machine ended with ${status}: ${output.slice(-1000)}`];
      add(plays[next].indexes.map((index) => ({ index, failures, tookMs: 0 })));
    }
  }
  return all;
}
