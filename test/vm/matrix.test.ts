// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { type Boot, type BootResult, boot, whyNoMachines } from './machine.ts';
import { matrix } from './matrix.ts';
import type { Outcome } from './plan.ts';
import { expectations } from './scenarios.ts';

const obstacle = whyNoMachines();

function story(result: BootResult, outcome: Outcome): string {
  return JSON.stringify(outcome, null, 1).slice(0, 12_000) + result.output.slice(-2000);
}

/** Boots at the first call; the machines then run two at a time, in the order in which they are asked for here. */
const booted = new Map<Boot, Promise<BootResult>>();
function start(): void {
  if (booted.size === 0) for (const machine of machines) booted.set(machine, boot(machine));
}

const machines = matrix();

describe.skipIf(obstacle !== null && !process.env.CI)('on a test machine', () => {
  for (const machine of machines) {
    describe(machine.name, () => {
      for (const [at, request] of machine.requests.entries()) {
        it(request.scenario, async () => {
          expect(obstacle).toBeNull();
          start();
          const result = await (booted.get(machine) as Promise<BootResult>);
          const outcome = result.outcomes[at];
          expect(
            outcome,
            `no outcome; the machine ended with ${result.status}:\n${result.output.slice(-4000)}`,
          ).toBeDefined();
          expect(expectations[request.scenario](outcome), story(result, outcome)).toEqual([]);
        }, 3_600_000);
      }
    });
  }
});
