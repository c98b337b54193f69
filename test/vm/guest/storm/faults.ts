// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Dice, Small } from '../../soak/storm.ts';
import { FOLDER, installPolicy } from '../scheduler.ts';
import type { Member, Population } from './population.ts';

const execute = promisify(execFile);

/** Reloaded while the storm goes on. */
export const STRATEGIES_FILE = `${FOLDER}/storm.yaml`;
export const POLICY = 'storm';
const FAVOURED = `${FOLDER}/favoured`;

export interface Fault {
  /** Tasks beside the population that want CPU time while it happens, at most. */
  readonly tasks?: number;
  /** Resolves when it is over, and nothing of it is left but what a change leaves. */
  act(those: Population, dice: Dice): Promise<void> | void;
}

/** Its process may be gone by the hand of another fault at the same time. */
function ifThere(act: () => void): void {
  try {
    act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** As a shell would; the task may be gone. */
async function run(...argv: string[]): Promise<void> {
  await execute(argv[0], argv.slice(1)).catch(({ stderr }: { stderr?: string }) => {
    if (!/No such process/.test(stderr ?? '')) throw new Error(`${argv.join(' ')}: ${stderr}`);
  });
}

const pidOf = (member: Member): string => String(member.hog.program.pid);

/** Some hundred ms. */
const aWhile = (dice: Dice): Promise<void> => sleep(dice.from(50, 400));

/** A list of CPUs with one at least. */
function someCpus(cpus: number, dice: Dice): string {
  const kept = Array.from({ length: cpus }, (_, cpu) => cpu).filter(() => dice.next() < 0.5);
  return kept.length === 0 ? String(dice.from(0, cpus - 1)) : kept.join(',');
}

function strategies(dice: Dice): string {
  const rules = Array.from({ length: dice.from(0, 12) }, () => ({
    command_regex: dice.of(['^hog', '^hog-[0-4]', '^web', 'sleeper$', '^stress', '.', '^nobody']),
    priority: dice.from(0, 20),
    // The longer the turns of a crowd, the longer its waits: what is promised counts those that end at ticks.
    execution_time: dice.of([0, 500_000, 1_000_000, 2_000_000, 4_000_000]),
  }));
  return JSON.stringify({ strategies: rules });
}

const BROKEN = [
  '',
  '{',
  'strategies: 7\n',
  'strategies:\n  - command_regex: "("\n    priority: 0\n',
  'strategies:\n  - command_regex: "^hog"\n    priority: -5\n',
  '\u0000\u0001\u0002',
  `strategies: ${'['.repeat(10_000)}`,
  `# ${'x'.repeat(2_000_000)}\nstrategies: []\n`,
] as const;

/** None that holds a CPU by a real-time class, as --mutex does: whoever waits then is promised something else. */
const STRESSORS: readonly (readonly string[])[] = [
  ['--affinity', '2', '--affinity-rand'],
  ['--fork', '2', '--fork-max', '4'],
  ['--vfork', '2'],
  ['--pthread', '1', '--pthread-max', '8'],
  ['--cyclic', '1', '--cyclic-policy', 'fifo', '--cyclic-sleep', '1000000'],
  ['--schedpolicy', '2'],
  ['--yield', '2'],
  ['--switch', '2'],
  ['--sem', '2'],
  ['--futex', '2'],
  ['--nice', '2'],
  ['--sigsegv', '2'],
  ['--pipe', '2'],
  ['--zombie', '1', '--zombie-max', '16'],
];
const STRESS_TASKS = 12;
const CROWD = 60;

/** A crowd of threads that never sleep, on some CPUs where it is said. */
async function crowd(those: Population, dice: Dice, ...cpus: string[]): Promise<void> {
  const threads = await those.stage.helper('crowd', String(CROWD), ...cpus);
  await aWhile(dice);
  threads.end();
  await threads.program.exited;
}

/** Nobody of it runs, nor whoever another fault moves there meanwhile. */
async function freeze({ groups, members }: Population, dice: Dice): Promise<void> {
  const at = dice.from(0, groups.length - 1);
  const set = (frozen: 0 | 1): void => {
    writeFileSync(`${groups[at].path}/cgroup.freeze`, String(frozen));
    for (const member of members) if (member.group === at) member.disturbed = true;
  };
  set(1);
  await aWhile(dice);
  set(0);
}

export const FAULTS: Readonly<Record<Small, Fault>> = {
  affinity: {
    act: ({ members, stage }, dice) => run('taskset', '-p', '-c', someCpus(stage.cpus, dice), pidOf(dice.of(members))),
  },
  nice: {
    act: ({ members }, dice) => ifThere(() => setPriority(dice.of(members).hog.program.pid, dice.from(-20, 19))),
  },
  idlePolicy: {
    async act({ members }, dice) {
      const pid = pidOf(dice.of(members));
      await run('chrt', dice.of(['--idle', '--batch']), '-p', '0', pid);
      await aWhile(dice);
      await run('chrt', '--other', '-p', '0', pid);
    },
  },
  // In and out of the scheduler, by one that mostly sleeps.
  realTime: {
    async act({ sleepers }, dice) {
      const pid = String(dice.of(sleepers).program.pid);
      await run('chrt', dice.of(['--fifo', '--rr']), '-p', String(dice.from(1, 50)), pid);
      await aWhile(dice);
      await run('chrt', '--other', '-p', '0', pid);
    },
  },
  stopped: {
    async act({ members }, dice) {
      const member = dice.of(members);
      member.disturbed = true;
      member.hog.program.signal('SIGSTOP');
      await aWhile(dice);
      member.hog.program.signal('SIGCONT');
    },
  },
  frozen: { act: freeze },
  moved: {
    act({ groups, members }, dice) {
      const member = dice.of(members);
      member.group = dice.from(0, groups.length - 1);
      // It may be frozen there.
      member.disturbed = true;
      ifThere(() => groups[member.group].take(member.hog.program.pid));
    },
  },
  weighed: {
    act({ groups }, dice) {
      const weight = dice.of([1, 10, 100, 1000, 10_000]);
      writeFileSync(`${dice.of(groups).path}/cpu.weight`, String(weight));
    },
  },
  killed: { act: (those, dice) => those.replace(dice.of(those.members)) },
  forks: {
    tasks: 2,
    act: (_, dice) => run('sh', '-c', `i=${dice.from(10, 60)}; while [ $i -gt 0 ]; do /bin/true; i=$((i-1)); done`),
  },
  crowd: { tasks: CROWD, act: (those, dice) => crowd(those, dice) },
  pinnedCrowd: {
    tasks: CROWD,
    act(those, dice) {
      const cpu = String(dice.from(0, those.stage.cpus - 1));
      return crowd(those, dice, cpu, cpu);
    },
  },
  stress: {
    tasks: STRESS_TASKS,
    async act({ stage }, dice) {
      const stress = stage.run('stress-ng', ...dice.of(STRESSORS), '--timeout', '1', '--quiet');
      await Promise.race([stress.exited, sleep(10_000)]);
      stress.kill();
      await stress.exited;
    },
  },
  traced: {
    async act({ members, stage }, dice) {
      const member = dice.of(members);
      member.disturbed = true;
      // Who is gone, or has a tracer, gets none.
      const tracer = await stage.helper('tracer', pidOf(member)).catch((error: Error) => {
        if (!error.message.includes('seize: ')) throw error;
      });
      await aWhile(dice);
      tracer?.program.signal('SIGTERM');
      await tracer?.program.exited;
    },
  },
  strategies: { act: (_, dice) => writeFileSync(STRATEGIES_FILE, strategies(dice)) },
  brokenStrategies: { act: (_, dice) => writeFileSync(STRATEGIES_FILE, dice.of(BROKEN)) },
  // The process stands still; the scheduler goes on without it.
  silence: {
    async act({ scheduler }, dice) {
      scheduler.signal('SIGSTOP');
      await sleep(dice.from(100, 1500));
      scheduler.signal('SIGCONT');
    },
  },
  // Of the wall: what the scheduler measures must not follow it.
  clock: { act: (_, dice) => run('date', '-s', `@${1_700_000_000 + dice.from(0, 300_000_000)}`) },
  policy: {
    act(_, dice) {
      const policies = [
        'delays-others',
        'favours-zero',
        'hangs',
        'not-a-number',
        'partial',
        'shuffles',
        'slow',
        'throws',
      ];
      installPolicy(dice.of(policies), POLICY);
    },
  },
  // From here on, or no more, the policies have somebody to favour, or to fail at.
  breakdown: {
    act({ members }, dice) {
      if (dice.next() < 0.5) writeFileSync(FAVOURED, pidOf(dice.of(members)));
      else rmSync(FAVOURED, { force: true });
    },
  },
};
