// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { backoffSeconds } from './backoff.ts';
import { EXIT_KIND, readExitCode } from './exit-kind.ts';
import { type ExitInfo, explainExit } from './explain-exit.ts';
import { findInDump, parseStall, parseWatchdog } from './stall.ts';

const info = (over: Partial<ExitInfo>): ExitInfo => ({ kind: 0, code: 0, reason: '', message: '', ...over });
const RESTART = 2 ** 48;
const HOTPLUG = 2 ** 32;

test.each<[Partial<ExitInfo>, string, string, RegExp]>([
  [{ kind: 0 }, 'NONE', 'stop', /has not ended/],
  [{ kind: 1 }, 'DONE', 'stop', /left nothing behind/],
  [{ kind: 64, reason: 'unregistered from user space' }, 'UNREG', 'stop', /detached from user space/],
  [
    { kind: 65, reason: 'unregistered from BPF', message: 'bye' },
    'UNREG_BPF',
    'stop',
    /by itself \(unregistered from BPF: bye\)/,
  ],
  [{ kind: 65, code: RESTART }, 'UNREG_BPF', 'restart-now', /by itself/],
  [{ kind: 66, code: RESTART + HOTPLUG }, 'UNREG_KERN', 'restart-now', /CPU was switched on or off/],
  [{ kind: 66, code: BigInt(RESTART) }, 'UNREG_KERN', 'restart-now', /asks for a restart/],
  [{ kind: 66, reason: 'unregistered from the main kernel' }, 'UNREG_KERN', 'backoff', /detached the scheduler/],
  [{ kind: 67 }, 'SYSRQ', 'stop', /SysRq-S/],
  [{ kind: 67, code: RESTART }, 'SYSRQ', 'stop', /SysRq-S/],
  [{ kind: 69 }, 'PARENT_KILL', 'stop', /attached below/],
  [
    { kind: 1024, reason: 'runtime error', message: 'invalid CPU -1' },
    'ERROR',
    'backoff',
    /\(runtime error: invalid CPU -1\)/,
  ],
  [{ kind: 1025, message: 'no queue' }, 'ERROR_BPF', 'backoff', /\(no queue\)/],
  [{ kind: 1026, code: RESTART }, 'ERROR_STALL', 'backoff', /the kernel does not say which/],
  [{ kind: 1027 }, 'ERROR_REENQ', 'backoff', /the kernel gives no details/],
  [{ kind: 1028 }, 'ERROR_RESCUE', 'backoff', /rescue/],
  [{ kind: 68 }, 'UNKNOWN', 'backoff', /kind 68/],
  [{ kind: 2000, message: 'x' }, 'UNKNOWN', 'backoff', /kind 2000 \(x\)/],
])('%o is %s: %s', (over, kind, retry, sentence) => {
  const explained = explainExit(info(over));
  expect(explained).toMatchObject({ kind, retry });
  expect(explained.sentence).toMatch(sentence);
});

test.each<[number | bigint, boolean, boolean]>([
  [0, false, false],
  [HOTPLUG, true, false],
  [RESTART, false, true],
  [BigInt(RESTART + HOTPLUG), true, true],
  [0xffff_ffff, false, false],
  [-1, true, true],
  [-1n, true, true],
])('exit code %o', (code, hotplug, restart) => {
  expect(readExitCode(code)).toEqual({ hotplug, restart });
});

describe('stalls', () => {
  test.each([
    ['foo[123] failed to run for 5.404s', { comm: 'foo', pid: 123, seconds: 5.404 }],
    ['kworker/u8:1[9] failed to run for 30.000s', { comm: 'kworker/u8:1', pid: 9, seconds: 30 }],
    ['a [b][7] c[12] failed to run for 6.0s', { comm: 'a [b][7] c', pid: 12, seconds: 6 }],
    ['[4] failed to run for 6.0s', { comm: '', pid: 4, seconds: 6 }],
    ['invalid CPU', null],
    ['', null],
  ])('%j', (message, stall) => {
    expect(parseStall(message)).toEqual(stall);
  });

  test('the watchdog itself', () => {
    expect(parseWatchdog('watchdog failed to check in for 7.210s')).toBe(7.21);
    expect(
      explainExit(info({ kind: EXIT_KIND.ERROR_STALL, message: 'watchdog failed to check in for 7.210s' })).sentence,
    ).toMatch(/did not run for 7\.2 s/);
  });

  const message = 'foo[123] failed to run for 5.404s';
  // Made in the form of a kernel 6.12 dump; CPU 1 is idle and therefore not in it.
  const dump = (curr: string) => `sleep[99] triggered exit kind 1026:
  runnable task stall (${message})

Backtrace:
  check_rq_for_timeouts+0xdf/0x120

CPU states
----------

CPU 0   : nr_run=1 flags=0x1 cpu_rel=0 ops_qseq=51 pnt_seq=88
          curr=hog[77] class=ext_sched_class
 *R hog[77] -3ms
      scx_state/flags=3/0x1 dsq_flags=0x0 ops_state/qseq=0/0

CPU 2   : nr_run=2 flags=0x1 cpu_rel=1 ops_qseq=42 pnt_seq=70
          curr=${curr}
  R bar[124] -100ms
  R foo[123] -5404ms
      scx_state/flags=3/0x9 dsq_flags=0x1 ops_state/qseq=0/0
`;

  test.each([
    [
      'spin rt[55] class=rt_sched_class',
      /^Task foo \(pid 123\) could run but waited 5\.4 s for a CPU: CPU 2 was held by the real-time task spin rt \(pid 55\), which no sched_ext/,
    ],
    ['dl[56] class=dl_sched_class', /deadline task dl \(pid 56\)/],
    [
      'hog2[78] class=ext_sched_class',
      /waited 5\.4 s for a CPU on CPU 2 while hog2 \(pid 78\) ran there, longer than scheduler\.timeoutMs allows\.$/,
    ],
  ])('with a dump: %s', (curr, sentence) => {
    expect(explainExit(info({ kind: EXIT_KIND.ERROR_STALL, message, dump: dump(curr) })).sentence).toMatch(sentence);
  });

  test('without a dump, or with one that was cut off', () => {
    const plain = 'Task foo (pid 123) could run but waited 5.4 s for a CPU, longer than scheduler.timeoutMs allows.';
    expect(explainExit(info({ kind: EXIT_KIND.ERROR_STALL, message })).sentence).toBe(plain);
    const cut = dump('x[1] class=rt_sched_class').slice(0, 300);
    expect(explainExit(info({ kind: EXIT_KIND.ERROR_STALL, message, dump: cut })).sentence).toBe(plain);
  });

  test('a task whose name looks like a heading moves nothing', () => {
    const tricky = dump('CPU 9 : nr_run=[5] class=rt_sched_class');
    expect(findInDump(tricky, 123)).toMatchObject({ cpu: 2, current: { comm: 'CPU 9 : nr_run=', pid: 5 } });
  });
});

test.each([
  [-1, 5],
  [0, 5],
  [1, 30],
  [2, 300],
  [3, null],
  [100, null],
])('after %d failed attempts: %j s', (attempt, seconds) => {
  expect(backoffSeconds(attempt)).toBe(seconds);
});
