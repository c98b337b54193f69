// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { boot, root, whyNoMachines } from './machine.ts';
import { full } from './matrix.ts';
import type { Outcome, Request } from './plan.ts';
import { expectations } from './scenarios.ts';

const obstacle = whyNoMachines();

/** Each safeguard, the object built without it, and the scenario that must notice. */
const SABOTAGE = [
  { object: 'unclamped', noticedBy: 'favoursZero' },
  { object: 'second-queue', noticedBy: 'policyShuffles' },
  // Thrown out within seconds, it fails whatever puts load on it.
  { object: 'own-last', noticedBy: 'ownThreads', failsAll: true },
] as const;
const pathOf = (object: string): string => `build/bpf/sabotage/${object}.bpf.o`;

interface Trial {
  readonly object: string | null;
  readonly scenario: string;
  readonly notices: boolean;
}

const trials: readonly Trial[] = [
  ...SABOTAGE.map(({ object, noticedBy }) => ({ object, scenario: noticedBy, notices: true })),
  // That the others do not notice, and that the real one passes on this very machine: the long way.
  ...(full
    ? [{ object: null }, ...SABOTAGE.filter((sabotage) => !('failsAll' in sabotage))].flatMap(({ object }) =>
        SABOTAGE.filter((other) => other.object !== object).map(({ noticedBy }) => ({
          object,
          scenario: noticedBy,
          notices: false,
        })),
      )
    : []),
];

describe.skipIf(obstacle !== null && !process.env.CI)('without one safeguard', () => {
  let outcomes: readonly Outcome[] = [];
  let output = '';

  beforeAll(async () => {
    expect(obstacle).toBeNull();
    execFileSync('make', ['-s', 'sabotage'], { cwd: root });
    const requests = trials.map(
      ({ object, scenario }): Request => ({
        scenario,
        dispatch: 'hybrid',
        ...(object === null ? {} : { object: pathOf(object) }),
      }),
    );
    ({ outcomes, output } = await boot({ kernel: '7', cpus: 1, icount: true, requests }));
  }, 900_000);

  for (const [at, { object, scenario, notices }] of trials.entries()) {
    it(`${object ?? 'nothing taken out'}: ${scenario} ${notices ? 'notices' : 'finds nothing'}`, () => {
      const outcome = outcomes[at];
      expect(outcome, output.slice(-4000)).toBeDefined();
      expect(outcome.error).toBeUndefined();
      const failures = expectations[scenario](outcome);
      const story = JSON.stringify(outcome, null, 1).slice(0, 12_000);
      if (notices) expect(failures, story).not.toEqual([]);
      else expect(failures, story).toEqual([]);
    });
  }
});
