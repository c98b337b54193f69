// SPDX-License-Identifier: Apache-2.0
/**
 * Random faults in test machines, in a sequence that the seed determines:
 * make soak [SEED=n] [FAULTS=1000] [START=0] [MACHINES=2]. Exit status 0 when all were survived.
 */
import { randomInt } from 'node:crypto';
import { whyNoMachines } from '../machine.ts';
import { legs, type Play } from './faults.ts';
import { playLeg } from './play.ts';
import { describeLeg, type Played, verdict } from './verdict.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function numberFrom(name: string, otherwise: number): number {
  const text = process.env[name] ?? '';
  if (text === '') return otherwise;
  if (!/^\d{1,9}$/.test(text)) {
    say(`soak: ${name} is '${text}', expected a whole number of at most nine digits`);
    process.exit(2);
  }
  return Number(text);
}

const seed = numberFrom('SEED', randomInt(1_000_000));
const count = numberFrom('FAULTS', 1000);
const start = numberFrom('START', 0);
const machines = Math.max(1, numberFrom('MACHINES', 2));
say(`soak: SEED=${seed} START=${start} FAULTS=${count}`);
const obstacle = whyNoMachines();
if (obstacle !== null) {
  say(`soak: ${obstacle}`);
  process.exit(2);
}

const begun = performance.now();
const played: Played[] = [];
const waiting = legs(seed, start, count);

function tell({ request, indexes }: Play, all: readonly Played[]): void {
  const seconds = Math.round(all.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1000);
  const how = request.seconds === undefined ? '' : ` (${request.seconds})`;
  const [{ skipped }] = all;
  const why = skipped === undefined ? '' : `, skipped: ${skipped}`;
  const failed = all.filter(({ failures }) => failures.length > 0);
  const result = failed.length === 0 ? 'ok' : 'FAILED';
  const which =
    request.storm === undefined ? indexes[0] : `${indexes.length} faults, ${indexes[0]} to ${indexes.at(-1)}:`;
  say(`  ${which} ${request.scenario}${how}: ${result} after ${seconds} s${why}`);
  for (const failure of new Set(failed.flatMap(({ failures }) => failures))) say(`    ${failure}`);
}

async function work(): Promise<void> {
  for (let leg = waiting.shift(); leg !== undefined; leg = waiting.shift()) {
    const from = performance.now();
    say(`soak: ${describeLeg(leg)}`);
    played.push(...(await playLeg(leg, tell)));
    const seconds = Math.round((performance.now() - from) / 1000);
    say(`soak: ${leg.faults.length} faults in ${seconds} s; ${played.length} of ${count} so far`);
  }
}

await Promise.all(Array.from({ length: machines }, work));
played.sort((a, b) => a.index - b.index);
for (const line of verdict(seed, played)) say(line);
say(`soak: it took ${Math.round((performance.now() - begun) / 60_000)} minutes`);
process.exit(played.every(({ failures }) => failures.length === 0) ? 0 : 1);
