// SPDX-License-Identifier: Apache-2.0
/** What `make demo` shows, inside the test machine. --warm: only load the modules, for the compile cache. */
import { writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { FOLDER, Scheduler } from '../../test/vm/guest/scheduler.ts';
import { Hog } from '../../test/vm/guest/tasks.ts';
import { bar, microseconds } from './bars.ts';
import type { ProbeReport } from './probe.ts';
import { Probe } from './probe-client.ts';

const NAME = 'web-frontend';
const HOGS = 8;
/** A request every 20 ms that takes 6 ms of CPU: three tenths of it, nearly three times the share of one in nine. */
const LOAD = { count: 100, periodUs: 20_000, workUs: 6000 };
const WIDTH = 40;
const STRATEGY = { strategies: [{ command_regex: `^${NAME}$`, priority: 0 }] };

function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

function cpuPercent(report: ProbeReport): number {
  return (report.cpuMs / report.wallMs) * 100;
}

interface Line {
  readonly what: string;
  readonly of: (report: ProbeReport) => number;
  readonly text: (value: number) => string;
}

const LINES: readonly Line[] = [
  { what: 'wakeup p50', of: ({ p50Us }) => p50Us, text: microseconds },
  { what: 'wakeup p99', of: ({ p99Us }) => p99Us, text: microseconds },
  { what: 'CPU share', of: cpuPercent, text: (value) => `${value.toFixed(1)} %` },
  { what: 'answers late', of: ({ missed }) => missed, text: (value) => `${value} of ${LOAD.count}` },
];

function table(before: ProbeReport, after: ProbeReport): void {
  say(`${'process'.padEnd(14)}${NAME}, ${LOAD.workUs / 1000} ms of work every ${LOAD.periodUs / 1000} ms`);
  say(`${'beside it'.padEnd(14)}${HOGS} processes that never sleep, 1 CPU`);
  for (const { what, of, text } of LINES) {
    const most = Math.max(of(before), of(after));
    say();
    for (const [when, report] of [['before', before] as const, ['after', after] as const]) {
      const value = of(report);
      const head = `${(when === 'before' ? what : '').padEnd(14)}${when.padEnd(8)}${text(value).padStart(10)}  `;
      say(`${head}${most > 0 ? bar(value, most, WIDTH) : ''}`);
    }
  }
}

async function demo(): Promise<void> {
  const strategiesFile = `${FOLDER}/strategies.yaml`;
  say(`${HOGS} hogs and ${NAME} start, the scheduler takes over ...`);
  const probe = await new Probe(NAME).ready();
  const scheduler = new Scheduler({
    dispatch: 'hybrid',
    config: { strategiesFile, timeoutMs: 30_000, statsIntervalSeconds: 10, opinionBudgetPercent: 1 },
    files: { [strategiesFile]: 'strategies: []\n' },
  });
  await scheduler.started();
  const hogs = await Promise.all(Array.from({ length: HOGS }, () => new Hog().ready()));
  const before = await probe.measure(LOAD);
  say(`strategies.yaml is written: ${JSON.stringify(STRATEGY)}`);
  const from = scheduler.program.lines.length;
  writeFileSync(strategiesFile, JSON.stringify(STRATEGY));
  await scheduler.program.line((line) => line.includes('Updated strategy map'), 60_000, from);
  const after = await probe.measure(LOAD);
  say();
  table(before, after);
  for (const task of [...hogs, probe]) task.end();
  const code = await scheduler.stop();
  say();
  say(`The scheduler has been detached again (exit code ${code}).`);
}

if (process.argv[2] !== '--warm') await demo();
flushCompileCache();
process.exit(0);
