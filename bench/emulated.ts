// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Dispatch } from '../test/vm/plan.ts';
import type { GuestPart } from './parts.ts';
import { VALUE_MARK, type Value } from './value.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
/** Of several CPUs, which are emulated one after the other, each has such turns: timers and wakeups by others wait for them. */
const TURN_US = 50;
/** A whole run of ten pairs takes a quarter of an hour where nothing else runs. */
const LIMIT_SECONDS = 7200;

const valuesIn = (text: string): Value[] =>
  text
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith(VALUE_MARK))
    .map((line) => JSON.parse(line.slice(VALUE_MARK.length)) as Value);

/**
 * Boots the test machine and measures there, with the scheduler and without it.
 * @param soFar gets what there is, whenever there is more
 */
export function measureEmulated(
  dispatch: Dispatch,
  pairs: number,
  cpus: 1 | 2 | 4,
  what: GuestPart['what'],
  soFar: (values: readonly Value[]) => void,
): Promise<void> {
  const child = spawn(
    `${root}scripts/vm`,
    [
      ...['--icount', '--cpus', String(cpus), '--memory', '2048', '--timeout', String(LIMIT_SECONDS)],
      ...(cpus > 1 ? ['--turns', String(cpus * TURN_US)] : []),
      ...['--', `${root}node_modules/.bin/node`, `${root}bench/guest/main.ts`],
      ...[dispatch, String(pairs), what],
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    soFar(valuesIn(text));
    if (process.stderr.isTTY) process.stderr.write('.');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (status !== 0) return reject(new Error(`the test machine ended with ${status}:\n${text.slice(-2000)}`));
      resolve();
    });
  });
}
