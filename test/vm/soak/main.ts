// SPDX-License-Identifier: Apache-2.0
/**
 * Random faults in test machines, in a sequence that the seed determines: make soak [SEED=n] [FAULTS=1000] [START=0].
 * Exit status 0 when all were survived.
 */
import { randomInt } from 'node:crypto';
import { boot, whyNoMachines } from '../machine.ts';
import { expectations } from '../scenarios.ts';
import { legs } from './faults.ts';
import { describeLeg, type Played, verdict } from './verdict.ts';

/** A machine with four emulated CPUs and a loaded host takes long. */
const MACHINE_LIMIT_SECONDS = 3600;

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
say(`soak: SEED=${seed} START=${start} FAULTS=${count}`);
const obstacle = whyNoMachines();
if (obstacle !== null) {
  say(`soak: ${obstacle}`);
  process.exit(2);
}

const played: Played[] = [];
for (const leg of legs(seed, start, count)) {
  say(`soak: ${describeLeg(leg)}`);
  const { outcomes, output, status } = await boot({
    kernel: leg.kernel,
    cpus: leg.cpus,
    icount: true,
    limitSeconds: MACHINE_LIMIT_SECONDS,
    requests: leg.faults.map((fault) => fault.request),
  });
  for (const [at, { index, request }] of leg.faults.entries()) {
    const outcome = outcomes[at];
    const failures =
      outcome === undefined
        ? [
            at === outcomes.length
              ? `the machine ended with ${status}: ${output.slice(-1000)}`
              : 'not played, the machine had ended',
          ]
        : expectations[request.scenario](outcome);
    played.push({ index, failures });
    const how = request.seconds === undefined ? '' : ` (${request.seconds} s)`;
    const skipped = outcome?.measured.skipped === undefined ? '' : `, skipped: ${outcome.measured.skipped}`;
    say(`  ${index} ${request.scenario}${how}: ${failures.length === 0 ? 'ok' : 'FAILED'}${skipped}`);
    for (const failure of failures) say(`    ${failure}`);
  }
}
for (const line of verdict(seed, played)) say(line);
process.exit(played.every(({ failures }) => failures.length === 0) ? 0 : 1);
