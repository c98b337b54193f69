// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type Boot, type BootResult, boot, root, whyNoMachines } from './machine.ts';
import { full, matrix } from './matrix.ts';
import type { Outcome } from './plan.ts';
import { sabotageTrials } from './sabotage.ts';
import { expectations } from './scenarios.ts';

const obstacle = whyNoMachines();

function story(result: BootResult, outcome: Outcome): string {
  return JSON.stringify(outcome, null, 1).slice(0, 12_000) + result.output.slice(-2000);
}

/** Boots at the first call; the machines then run two at a time, in the order in which they are asked for here. */
const booted = new Map<Boot, Promise<BootResult>>();
function start(): void {
  if (booted.size > 0) return;
  execFileSync('make', ['-s', 'sabotage'], { cwd: root });
  for (const machine of [sabotaged, ...machines]) booted.set(machine, boot(machine));
}

const machines = matrix();
const trials = sabotageTrials(full);
const sabotaged: Boot = { kernel: '7', cpus: 1, icount: true, requests: trials.map(({ request }) => request) };

async function outcomeOf(machine: Boot, at: number): Promise<{ result: BootResult; outcome: Outcome }> {
  expect(obstacle).toBeNull();
  start();
  const result = await (booted.get(machine) as Promise<BootResult>);
  const outcome = result.outcomes[at];
  expect(outcome, `no outcome; the machine ended with ${result.status}:\n${result.output.slice(-4000)}`).toBeDefined();
  return { result, outcome };
}

describe.skipIf(obstacle !== null && !process.env.CI)('without one safeguard', () => {
  for (const [at, { name, request, notices }] of trials.entries()) {
    it(name, async () => {
      const { result, outcome } = await outcomeOf(sabotaged, at);
      expect(outcome.error).toBeUndefined();
      const failures = expectations[request.scenario](outcome);
      if (notices) expect(failures, story(result, outcome)).not.toEqual([]);
      else expect(failures, story(result, outcome)).toEqual([]);
    }, 3_600_000);
  }
});

describe.skipIf(obstacle !== null && !process.env.CI)('on a test machine', () => {
  for (const machine of machines) {
    describe(machine.name, () => {
      for (const [at, request] of machine.requests.entries()) {
        it(request.scenario, async () => {
          const { result, outcome } = await outcomeOf(machine, at);
          expect(expectations[request.scenario](outcome), story(result, outcome)).toEqual([]);
        }, 3_600_000);
      }
    });
  }
});
