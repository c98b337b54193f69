// SPDX-License-Identifier: Apache-2.0
/**
 * make bench: measures, prints the table and writes it to bench/RESULTS.md.
 * Options: --pairs N (10); --only PART,PART: these, beside what earlier runs have kept; --report: measures nothing.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { agentTimes } from './agent.ts';
import { measureEmulated } from './emulated.ts';
import { matchingTimes } from './matching.ts';
import { decisionCosts } from './native.ts';
import { AGENT, forget, keep, kept, MATCHING, NATIVE, PARTS, ROUNDS, WATCH } from './parts.ts';
import { report, withRemarks } from './report.ts';
import type { Value } from './value.ts';
import { floodCosts } from './watch-events.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

function refuse(why: string): never {
  process.stderr.write(`bench: ${why}\nusage: scripts/bench [--pairs N] [--only PART,PART] [--report]\n`);
  process.exit(2);
}

function parsed(): { pairs: number; wanted: readonly string[] } {
  try {
    const { values: options } = parseArgs({
      options: { pairs: { type: 'string' }, only: { type: 'string' }, report: { type: 'boolean' } },
    });
    const pairs = Number(options.pairs ?? 10);
    if (!Number.isInteger(pairs) || pairs < 1) refuse(`--pairs is '${options.pairs}', expected a whole number above 0`);
    const wanted = options.report ? [] : (options.only?.split(',') ?? PARTS);
    for (const part of wanted)
      if (!PARTS.includes(part)) refuse(`there is no part '${part}'; the parts are ${PARTS.join(', ')}`);
    return { pairs, wanted };
  } catch (error) {
    refuse((error as Error).message);
  }
}

const { pairs, wanted } = parsed();
if (wanted === PARTS) forget();

function firstLine(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: root, encoding: 'utf8' }).split('\n')[0].trim();
}

const changed =
  execFileSync('git', ['status', '--porcelain', '--untracked-files=no'], { cwd: root, encoding: 'utf8' }) !== '';
const commit = `${firstLine('git', 'rev-parse', '--short=10', 'HEAD')}${changed ? ', with changes' : ''}`;

// First and alone: these are the only parts that the load of this machine changes.
if (wanted.includes(NATIVE)) keep(NATIVE, { commit, values: [], decisions: decisionCosts() });
if (wanted.includes(MATCHING)) keep(MATCHING, { commit, values: [], decisions: [], matching: matchingTimes() });
if (wanted.includes(AGENT)) keep(AGENT, { commit, values: [], decisions: [], agent: await agentTimes() });
if (wanted.includes(WATCH)) keep(WATCH, { commit, values: [], decisions: [], floods: await floodCosts() });
for (const round of ROUNDS) {
  await Promise.all(
    round
      .filter(({ name }) => wanted.includes(name))
      .map(({ name, dispatch, cpus: machineCpus, what }) =>
        measureEmulated(dispatch, pairs, machineCpus, what, (values) => keep(name, { commit, values, decisions: [] })),
      ),
  );
}

const emulated = new Map<string, Value[]>();
for (const { name, dispatch } of ROUNDS.flat())
  emulated.set(dispatch, [...(emulated.get(dispatch) ?? []), ...(kept(name)?.values ?? [])]);
const commits = new Set(PARTS.flatMap((part) => kept(part)?.commit ?? []));
if (commits.size === 0) refuse('nothing has been measured here yet');
const text = report(
  {
    commits: [...commits],
    machine: `${cpus().length} x ${cpus()[0].model}, Linux ${release()}`,
    emulator: firstLine('qemu-system-x86_64', '--version'),
    guestKernel: firstLine(`${root}scripts/kernel`, '7').replace(/^.*modules\/([^/]+)\/.*$/, '$1'),
  },
  emulated,
  kept(NATIVE)?.decisions ?? [],
  kept(MATCHING)?.matching ?? null,
  kept(AGENT)?.agent ?? null,
  kept(WATCH)?.floods ?? [],
);
const results = `${root}bench/RESULTS.md`;
writeFileSync(results, withRemarks(text, readFileSync(results, 'utf8')));
process.stdout.write(text);
