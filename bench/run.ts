// SPDX-License-Identifier: Apache-2.0
/** make bench: measures, prints the table and writes it to bench/RESULTS.md. Options: --pairs N (10), --native. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureEmulated } from './emulated.ts';
import { decisionCosts } from './native.ts';
import { report } from './report.ts';
import type { Value } from './value.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const { values: options } = parseArgs({ options: { pairs: { type: 'string' }, native: { type: 'boolean' } } });
const pairs = Number(options.pairs ?? 10);
if (!Number.isInteger(pairs) || pairs < 1) throw new Error('--pairs takes a whole number above 0');

function firstLine(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8' }).split('\n')[0].trim();
}

// First and alone: it is the only part that the load of this machine changes.
const decisions = decisionCosts();
const emulated = new Map<string, Value[]>();
if (!options.native) {
  // Two at a time: one for each CPU of a small machine.
  const rounds = [
    [
      ['hybrid', 1, 'all'],
      ['kernel', 1, 'all'],
    ],
    [
      ['strict', 1, 'urgent'],
      ['kernel', 4, 'urgent'],
    ],
    [
      ['hybrid', 2, 'all'],
      ['kernel', 2, 'all'],
    ],
  ] as const;
  for (const round of rounds) {
    const found = await Promise.all(
      round.map(([dispatch, machineCpus, what]) => measureEmulated(dispatch, pairs, machineCpus, what)),
    );
    for (const [i, [dispatch]] of round.entries())
      emulated.set(dispatch, [...(emulated.get(dispatch) ?? []), ...found[i]]);
  }
}
const changed =
  execFileSync('git', ['status', '--porcelain', '--untracked-files=no'], { cwd: root, encoding: 'utf8' }) !== '';
const text = report(
  {
    command: options.pairs === undefined ? 'make bench' : `scripts/bench --pairs ${pairs}`,
    commit: `${firstLine('git', 'rev-parse', '--short=10', 'HEAD')}${changed ? ', with changes' : ''}`,
    machine: `${cpus().length} x ${cpus()[0].model}, Linux ${release()}`,
    emulator: firstLine('qemu-system-x86_64', '--version'),
    guestKernel: firstLine(`${root}scripts/kernel`, '7').replace(/^.*modules\/([^/]+)\/.*$/, '$1'),
    pairs,
  },
  emulated,
  decisions,
);
if (!options.native) writeFileSync(`${root}bench/RESULTS.md`, text);
process.stdout.write(text);
