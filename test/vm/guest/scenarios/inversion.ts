// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SleeperReport } from '../../plan.ts';
import { kernelView } from '../kernel.ts';
import { FOLDER } from '../scheduler.ts';
import type { Scenario } from '../stage.ts';

const HOGS = 8;

interface Waits {
  readonly waits: readonly SleeperReport[];
}

/** A weak task holds a mutex that a usual and an urgent one need. */
export const inversionMutex: Scenario = async (stage) => {
  const strategiesFile = `${FOLDER}/inversion.yaml`;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(strategiesFile, JSON.stringify({ strategies: [{ command_regex: '^urgent-', priority: 0 }] }));
  const scheduler = await stage.scheduler({ config: { strategiesFile } });
  const hogs = await stage.hogs(HOGS * stage.cpus);
  const program = await stage.helper<Waits & { readonly held: number }>('inversion', 'urgent-need');
  const before = kernelView();
  await program.lap();
  const reports = await stage.measure(hogs, stage.seconds(15));
  const told = await program.lap();
  return {
    before,
    after: kernelView(),
    hogs: reports,
    sleepers: told.waits,
    values: { held: told.held },
    ...(await scheduler.counters()),
  };
};

const CGROUP = '/sys/fs/cgroup/gthulhu-faults';
const MEMORY_BYTES = 12 << 20;
const MIN_FREE = '/proc/sys/vm/min_free_kbytes';

function reading(path: string, name: string): number {
  const found = new RegExp(`^${name}:?\\s+(\\d+)`, 'm').exec(readFileSync(path, 'utf8'));
  return Number(found?.[1] ?? 0);
}

/** Pages are taken from tasks and read again, by kernel threads and by the tasks themselves. */
export const inversionFault: Scenario = async (stage) => {
  const scheduler = await stage.scheduler();
  const hogs = await stage.hogs(HOGS * stage.cpus);
  const sleeper = await stage.sleeper({ periodUs: 20_000, workUs: 500 });
  mkdirSync(CGROUP);
  stage.atEnd(() => {
    try {
      rmdirSync(CGROUP);
    } catch {
      // its task is not quite gone; the machine ends soon
    }
  });
  writeFileSync(`${CGROUP}/memory.max`, String(MEMORY_BYTES));
  const program = await stage.helper<Waits & { readonly touched: number }>('faults', process.execPath);
  writeFileSync(`${CGROUP}/cgroup.procs`, String(program.program.pid));
  // The kernel's own reclaim too: its threshold is brought just above what is free.
  const usualMinFree = readFileSync(MIN_FREE, 'utf8');
  stage.atEnd(() => writeFileSync(MIN_FREE, usualMinFree));
  const before = kernelView();
  const stolen = reading(`${CGROUP}/memory.stat`, 'pgsteal');
  const kswapd = reading('/proc/vmstat', 'pgscan_kswapd');
  await program.lap();
  await sleeper.lap();
  await Promise.all(hogs.map((hog) => hog.lap()));
  const seconds = stage.seconds(12);
  for (let i = 0; i < seconds; i++) {
    writeFileSync(MIN_FREE, String(Math.round(reading('/proc/meminfo', 'MemFree') * 0.9)));
    writeFileSync('/proc/sys/vm/compact_memory', '1');
    await sleep(1000);
  }
  const reports = await Promise.all(hogs.map((hog) => hog.lap()));
  const told = await program.lap();
  const sleepers = [await sleeper.lap(), ...told.waits];
  return {
    before,
    after: kernelView(),
    hogs: reports,
    sleepers,
    values: {
      touched: told.touched,
      stolen: reading(`${CGROUP}/memory.stat`, 'pgsteal') - stolen,
      kswapd: reading('/proc/vmstat', 'pgscan_kswapd') - kswapd,
    },
    ...(await scheduler.counters()),
  };
};
