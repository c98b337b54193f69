// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Program {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** null while it runs */
  readonly ended: string | null;
  signal(signal: NodeJS.Signals): void;
  /** Kills it: everything here is thrown away. */
  end(): Promise<void>;
}

export interface Start {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly cwd?: string;
}

/**
 * Starts a program that the kernel kills when this process ends, however it ends (prctl PR_SET_PDEATHSIG by setpriv,
 * which then becomes the program: the pid is the program's).
 */
export function startProgram({ name, file, args, env = {}, logFile, cwd }: Start): Program {
  const log = openSync(logFile, 'a');
  const command = ['--pdeathsig', 'KILL', '--', 'nice', '-n', '5', file, ...args];
  const child = spawn('setpriv', command, {
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  closeSync(log);
  let ended: string | null = null;
  const end = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      ended = `did not start: ${error.message}`;
      resolve();
    });
    child.on('exit', (status, signal) => {
      ended = signal === null ? `ended with status ${status}` : `was ended by ${signal}`;
      resolve();
    });
  });
  const kill = (): void => {
    if (ended === null) child.kill('SIGKILL');
  };
  process.once('exit', kill);
  return {
    name,
    pid: child.pid ?? 0,
    logFile,
    get ended() {
      return ended;
    },
    signal: (signal) => child.kill(signal),
    async end() {
      process.off('exit', kill);
      kill();
      await end;
    },
  };
}

/** The last lines of what it wrote. */
export function tail({ logFile }: Program, lines = 20): string {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/**
 * Waits until `ready` answers true.
 * @throws Error when one of the programs ends before, or after `limitMs`
 */
export async function waitFor(
  what: string,
  ready: () => Promise<boolean> | boolean,
  programs: readonly Program[] = [],
  limitMs = 120_000,
): Promise<void> {
  const until = performance.now() + limitMs;
  let last: unknown;
  for (;;) {
    for (const program of programs)
      if (program.ended !== null) throw new Error(`${program.name} ${program.ended}:\n${tail(program)}`);
    try {
      if (await ready()) return;
    } catch (error) {
      last = error;
    }
    if (performance.now() > until) {
      const logs = programs.map((program) => `${program.name}:\n${tail(program, 5)}`).join('\n');
      throw new Error(`waited ${limitMs / 1000} s for ${what}${last ? ` (${last})` : ''}\n${logs}`, { cause: last });
    }
    await sleep(100);
  }
}
