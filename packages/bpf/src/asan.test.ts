// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { describeBpf } from './testing/bpf-suite.ts';

const room = fileURLToPath(new URL('..', import.meta.url));
const script = fileURLToPath(new URL('./testing/asan-run.ts', import.meta.url));

function runWatched(...args: string[]): { output: string; status: number | null } {
  const library = execFileSync('cc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', script, ...args], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      LD_PRELOAD: library,
      // Node never gives everything back at its end, so leaks are not looked for.
      ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=99',
      GTHULHU_BPF_ADDON: `${room}build/asan/gthulhu_bpf.node`,
    },
  });
  return { output: stdout + stderr, status };
}

describeBpf('AddressSanitizer', () => {
  beforeAll(() => {
    execFileSync('make', ['-s', '-C', room, 'asan'], { stdio: 'pipe' });
  }, 120_000);

  test('notices an overflow, so it is really there', () => {
    const { output, status } = runWatched('overflow');
    expect(output).toMatch(/AddressSanitizer: heap-buffer-overflow/);
    expect(output).not.toMatch(/not noticed/);
    expect(status).toBe(99);
  }, 60_000);

  test('has nothing to say about misuse, rings and threads', () => {
    const { output, status } = runWatched();
    expect(output).not.toMatch(/AddressSanitizer/);
    expect(JSON.parse(output.split('\n')[0] ?? '')).toMatchObject({
      complaints: [],
      reports: [{ seen: 500 }, { seen: 500 }],
    });
    expect(status).toBe(0);
  }, 180_000);
});
