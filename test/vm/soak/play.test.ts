// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import type { Boot, BootResult } from '../machine.ts';
import type { Measured, Outcome, Request } from '../plan.ts';
import type { Leg } from './faults.ts';
import { playLeg } from './play.ts';

const request: Request = { scenario: 'stressMixes', dispatch: 'hybrid' };
const leg: Leg = {
  kernel: '7',
  cpus: 1,
  dispatch: 'hybrid',
  faults: [4, 5, 6, 7].map((index) => ({ index, request })),
};
const view = { state: 'enabled', ops: 'gthulhu', enableSeq: 3 };
const survived: Measured = { before: view, after: view, counters: {}, values: { failed: 0 } };

const outcome = (measured: Measured): Outcome => ({
  request,
  cpus: 1,
  measured,
  complaints: [],
  log: [],
  tookMs: 2000,
});

/** Machines that end by themselves: one list of outcomes each. */
function machines(...lists: readonly Measured[][]) {
  const asked: number[] = [];
  const start = async ({ requests, onOutcome }: Boot): Promise<BootResult> => {
    const measured = lists[asked.length];
    asked.push(requests.length);
    for (const one of measured) onOutcome?.(outcome(one));
    return {
      outcomes: measured.map(outcome),
      output: 'Kernel panic',
      status: measured.length === 4 ? 0 : 1,
      tookMs: 1,
    };
  };
  return { asked, start };
}

it('plays all faults in one machine, and judges each', async () => {
  const { asked, start } = machines([survived, survived, { ...survived, values: { failed: 2 } }, survived]);
  const told: number[] = [];
  const played = await playLeg(leg, ({ index }) => told.push(index), start);
  expect(asked).toEqual([4]);
  expect(told).toEqual([4, 5, 6, 7]);
  expect(played.map(({ index, failures }) => [index, failures.length])).toEqual([
    [4, 0],
    [5, 0],
    [6, 1],
    [7, 0],
  ]);
});

it('goes on in another machine after a fault that ended one', async () => {
  const { asked, start } = machines([survived], [], [survived]);
  const played = await playLeg(leg, () => {}, start);
  expect(asked).toEqual([4, 2, 1]);
  expect(played.map(({ index }) => index)).toEqual([4, 5, 6, 7]);
  expect(played.map(({ failures }) => failures.length)).toEqual([0, 1, 1, 0]);
  expect(played[1].failures[0]).toContain('ended with 1: Kernel panic');
});
