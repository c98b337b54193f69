// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startProgram, waitFor } from './program.ts';
import { sweepRunFolders } from './run-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'gthulhu-rig-'));
const runs = (pid: number): boolean => existsSync(`/proc/${pid}`);

test('a program ends with the process that started it, even when that is killed', async () => {
  const starter = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { startProgram } from ${JSON.stringify(new URL('program.ts', import.meta.url).href)};
       import { makeRunFolder } from ${JSON.stringify(new URL('run-folder.ts', import.meta.url).href)};
       const folder = makeRunFolder();
       const program = startProgram({ name: 'sleep', file: 'sleep', args: ['1000'], logFile: folder + '/log' });
       console.log(JSON.stringify({ pid: program.pid, folder }));
       setInterval(() => {}, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await once(starter.stdout.setEncoding('utf8'), 'data');
  const left = JSON.parse(line) as { pid: number; folder: string };
  expect(runs(left.pid)).toBe(true);
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  await waitFor('the program to end', () => !runs(left.pid), [], 20_000);
  expect(existsSync(left.folder)).toBe(true);
  sweepRunFolders();
  expect(existsSync(left.folder)).toBe(false);
});

test('a program that fails is told of with its last words', async () => {
  const args = ['-c', 'echo no such thing; exit 3'];
  const program = startProgram({ name: 'sh', file: 'sh', args, logFile: join(folder, 'sh.log') });
  await expect(waitFor('nothing', () => false, [program])).rejects.toThrow(/^sh ended with status 3:\nno such thing$/);
  rmSync(folder, { recursive: true });
});
