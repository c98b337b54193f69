// SPDX-License-Identifier: Apache-2.0
import { type Boot, type BootResult, boot } from '../machine.ts';
import type { Outcome } from '../plan.ts';
import { expectations } from '../scenarios.ts';
import { type Fault, inOrderOfPlay, type Leg } from './faults.ts';
import type { Played } from './verdict.ts';

/** A machine with four emulated CPUs and a loaded host takes long. */
const MACHINE_LIMIT_SECONDS = 7200;

function judged({ index, request }: Fault, outcome: Outcome): Played {
  const failures = expectations[request.scenario](outcome);
  const { skipped } = outcome.measured;
  return { index, failures, tookMs: outcome.tookMs, ...(skipped === undefined ? {} : { skipped }) };
}

/**
 * Plays the faults of a leg, and judges each as soon as it is over. Where one ends its machine, that one has failed, and another machine plays the others.
 * @param start boots a machine; returns when it has ended
 */
export async function playLeg(
  { kernel, cpus, faults }: Leg,
  told: (fault: Fault, played: Played) => void,
  start: (machine: Boot) => Promise<BootResult> = boot,
): Promise<Played[]> {
  const ordered = inOrderOfPlay(faults);
  const all: Played[] = [];
  while (all.length < ordered.length) {
    const rest = ordered.slice(all.length);
    const requests = rest.map(({ request }) => request);
    const played: Played[] = [];
    const add = (one: Played): void => {
      told(rest[played.length], one);
      played.push(one);
    };
    const { output, status } = await start({
      ...{ kernel, cpus, icount: true, limitSeconds: MACHINE_LIMIT_SECONDS, requests },
      onOutcome: (outcome) => add(judged(rest[played.length], outcome)),
    });
    if (played.length < rest.length) {
      const failures = [`the machine ended with ${status}: ${output.slice(-1000)}`];
      add({ index: rest[played.length].index, failures, tookMs: 0 });
    }
    all.push(...played);
  }
  return all;
}
