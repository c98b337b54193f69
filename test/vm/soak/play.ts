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
 * Plays the faults of a leg. Where one ends its machine, that one has failed, and another machine plays the others.
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
    const machine: Boot = { kernel, cpus, icount: true, limitSeconds: MACHINE_LIMIT_SECONDS, requests };
    const { outcomes, output, status } = await start(machine);
    const played = outcomes.map((outcome, at) => judged(rest[at], outcome));
    if (outcomes.length < rest.length) {
      const failures = [`the machine ended with ${status}: ${output.slice(-1000)}`];
      played.push({ index: rest[outcomes.length].index, failures, tookMs: 0 });
    }
    for (const [at, one] of played.entries()) told(rest[at], one);
    all.push(...played);
  }
  return all;
}
