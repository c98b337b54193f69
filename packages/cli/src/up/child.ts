// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { FOLLOW_STDIN } from './follow-stdin.ts';
import type { ProcessName } from './restart-plan.ts';

export interface Child {
  readonly pid: number;
  readonly startedAt: number;
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
  /** Asks it to end. */
  stop(): void;
  kill(): void;
}

/**
 * Starts this very program with another command. It has a process group of its own: Ctrl-C reaches it through us, in its
 * order. Its standard input is a pipe that ends with us, however we end.
 * @param onLine gets what it writes, line by line
 */
export function startChild(name: ProcessName, args: readonly string[], onLine: (line: string) => void): Child {
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, process.argv[1], name, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, [FOLLOW_STDIN]: '1' },
  });
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
  // A child that is gone does not take what is written to it.
  child.stdin?.on('error', () => {});
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('error', (error) => {
      onLine(error.message);
      resolve({ code: 1, signal: null });
    });
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    pid: child.pid ?? 0,
    startedAt: performance.now(),
    ended,
    stop: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
  };
}
