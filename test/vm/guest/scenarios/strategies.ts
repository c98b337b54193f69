// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SleeperReport } from '../../plan.ts';
import { kernelView } from '../kernel.ts';
import { FOLDER } from '../scheduler.ts';
import type { Scenario } from '../stage.ts';

const INTERPRETER = `${FOLDER}/web-exec`;

/**
 * A strategy written while everything runs: it must reach a task that runs, one that is exec'd later and one that is
 * forked later. `early-run` gets priority 10, which makes it no better than its key.
 */
export const strategies: Scenario = async (stage) => {
  mkdirSync(FOLDER, { recursive: true });
  if (!existsSync(INTERPRETER)) symlinkSync('/usr/bin/perl', INTERPRETER);
  const strategiesFile = `${FOLDER}/strategies.yaml`;
  writeFileSync(strategiesFile, 'strategies: []\n');
  const scheduler = await stage.scheduler({ config: { strategiesFile } });
  await stage.hogs(8 * stage.cpus);
  const shape = { periodUs: 10_000, workUs: 2000 };
  const running = await stage.sleeper({ name: 'web-run', ...shape });
  const early = await stage.sleeper({ name: 'early-run', ...shape });
  const other = await stage.sleeper({ name: 'other-run', ...shape });
  const before = kernelView();
  const seconds = stage.seconds(4);
  const lap = async (): Promise<SleeperReport[]> => [await running.lap(), await early.lap(), await other.lap()];
  await lap();
  await sleep(seconds * 1000);
  const unaided = await lap();

  const from = scheduler.program.lines.length;
  writeFileSync(
    strategiesFile,
    JSON.stringify({
      strategies: [
        { command_regex: '^web-', priority: 0 },
        { command_regex: '^early-', priority: 10 },
      ],
    }),
  );
  const wrote = performance.now();
  await scheduler.program.line((line) => line.includes('Updated strategy map'), 20_000, from);
  const appliedMs = performance.now() - wrote;
  const exec = await stage.sleeper({ name: 'web-exec', interpreter: INTERPRETER, ...shape });
  const child = await running.fork();
  stage.atEnd(() => process.kill(child, 'SIGKILL'));
  await lap();
  await exec.lap();
  await running.lap(child);
  await sleep(seconds * 1000);
  const aided = await lap();
  aided.push(await exec.lap(), { ...(await running.lap(child)), name: 'web-forked' });
  return {
    before,
    after: kernelView(),
    sleepers: [
      ...unaided.map((report) => ({ ...report, name: `before ${report.name}` })),
      ...aided.map((report) => ({ ...report, name: `after ${report.name}` })),
    ],
    values: { appliedMs },
    ...(await scheduler.counters()),
  };
};
