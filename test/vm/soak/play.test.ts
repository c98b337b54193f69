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

const small = (index: number): Leg['faults'][number] => ({
  index,
  request: { scenario: 'storm', dispatch: 'hybrid', storm: { seed: 1, faults: [{ index, kind: 'nice' }] } },
});

const outcome = (measured: Measured, request: Request): Outcome => ({
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
    const outcomes = measured.map((one, at) => outcome(one, requests[at]));
    for (const one of outcomes) onOutcome?.(one);
    return {
      outcomes,
      output: 'Kernel panic',
      status: measured.length === requests.length ? 0 : 1,
      tookMs: 1,
    };
  };
  return { asked, start };
}

it('plays all faults in one machine, and judges each', async () => {
  const { asked, start } = machines([survived, survived, { ...survived, values: { failed: 2 } }, survived]);
  const told: number[] = [];
  const played = await playLeg(leg, ({ indexes }) => told.push(...indexes), start);
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

it('blames the faults of a storm that are named, else the first', async () => {
  const late = { work: 1, cpuMs: 1, waitMs: 1, wallMs: 1 };
  const measured: Measured = {
    before: view,
    after: view,
    hogs: [
      { ...late, name: '#4 nice: hog-1', maxGapMs: 1 },
      { ...late, name: '#5 nice #6 nice: hog-1', maxGapMs: 60_000 },
    ],
    counters: { nr_broken_promises: 1 },
    values: { played: 3, tasks: 5 },
  };
  const { start } = machines([measured]);
  const played = await playLeg({ ...leg, faults: [4, 5, 6].map(small) }, () => {}, start);
  expect(played.map(({ failures }) => failures.length)).toEqual([1, 1, 1]);
  expect(played[0].failures[0]).toContain('nr_broken_promises');
  expect(played[1].failures[0]).toContain('hog-1 did not run');
});

it('counts a whole storm as failed that ended its machine, and goes on', async () => {
  const { asked, start } = machines([], [survived]);
  const played = await playLeg({ ...leg, faults: [small(1), { index: 2, request }, small(3)] }, () => {}, start);
  expect(asked).toEqual([2, 1]);
  expect(played.map(({ index, failures }) => [index, failures.length])).toEqual([
    [1, 1],
    [3, 1],
    [2, 0],
  ]);
});
