// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type BootResult, boot, root, whyNoMachines } from './machine.ts';
import type { Request } from './plan.ts';
import { expectations } from './scenarios.ts';

const obstacle = whyNoMachines();

/** Each safeguard, the object built without it, and the scenario that must notice. The others must not. */
const SABOTAGE = [
  { object: 'unclamped', noticedBy: 'favoursZero' },
  { object: 'second-queue', noticedBy: 'policyPartial' },
  { object: 'own-last', noticedBy: 'ownThreads' },
] as const;
const SCENARIOS = SABOTAGE.map(({ noticedBy }) => noticedBy);
const builds: (string | null)[] = [...SABOTAGE.map(({ object }) => object), null];
const pathOf = (object: string): string => `build/bpf/sabotage/${object}.bpf.o`;

function requestsFor(object: string | null): Request[] {
  return SCENARIOS.map((scenario) => ({
    scenario,
    dispatch: 'hybrid',
    ...(object === null ? {} : { object: pathOf(object) }),
  }));
}

describe.skipIf(obstacle !== null && !process.env.CI)('without one safeguard', () => {
  const booted = new Map<string | null, Promise<BootResult>>();
  for (const object of builds) {
    describe(object ?? 'with all of them', () => {
      for (const [at, scenario] of SCENARIOS.entries()) {
        const notices = object !== null && SABOTAGE[at].object === object;
        it(`${scenario} ${notices ? 'notices' : 'finds nothing'}`, async () => {
          expect(obstacle).toBeNull();
          for (const build of builds) {
            if (build !== null)
              expect(existsSync(root + pathOf(build)), `make sabotage builds ${pathOf(build)}`).toBe(true);
            if (!booted.has(build))
              booted.set(build, boot({ kernel: '7', cpus: 1, icount: true, requests: requestsFor(build) }));
          }
          const result = await (booted.get(object) as Promise<BootResult>);
          const outcome = result.outcomes[at];
          expect(outcome, result.output.slice(-4000)).toBeDefined();
          const failures = expectations[scenario](outcome);
          const story = JSON.stringify(outcome, null, 1).slice(0, 12_000);
          if (notices) expect(failures, story).not.toEqual([]);
          else expect(failures, story).toEqual([]);
        }, 3_600_000);
      }
    });
  }
});
