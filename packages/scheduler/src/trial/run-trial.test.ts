// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { batchOf, decisionsFor, node } from '../policies/batch.fixture.ts';
import { builtInRecording } from '../trace/read-trace.ts';
import { startRecorder } from '../trace/recorder.ts';
import { scaleLimits, USUAL_LIMITS } from './limits.ts';
import { runTrial } from './run-trial.ts';
import { testPolicy } from './test-policy.ts';

const dir = mkdtempSync(join(tmpdir(), 'gthulhu-trial-'));
afterAll(() => rmSync(dir, { recursive: true }));

const policy = (decide: string, before = ''): string =>
  `import type { Policy } from 'types-only';\n${before}\nexport const createPolicy = (): Policy => ({\n  name: 'mine',\n  decide(batch, out, node) {\n${decide}\n  },\n});\n`;
const sourceOf = (text: string, file = '/etc/gthulhu/mine.ts') => ({
  file,
  text,
  sha256: createHash('sha256').update(text).digest('hex'),
});
/** Something that happens while the policy is loaded, outside of what the trial calls. */
const LATER = (what: string): string =>
  `setTimeout(() => {${what}}, 0);\nawait new Promise((resolve) => setTimeout(resolve, 50));`;
/** A file that exists and that nobody has tried. */
const other = join(dir, 'other.mjs');
writeFileSync(other, 'export const a = () => {};');
const ONE_FILE = /mine\.ts: imports "[^"]+"; a policy is one file: it may import node: modules/;
/** A test need not wait as long as an operator. */
const limits = { ...USUAL_LIMITS, silentMs: 500 };

test('a good policy passes, and what was tried comes back without its types', { timeout: 30_000 }, async () => {
  const source = sourceOf(policy('    out.key[0] = 0 as number;'));
  const result = await runTrial({ source, limits });
  expect(result).toMatchObject({ passed: true, module: { file: source.file, sha256: source.sha256 }, notes: [] });
  if (!result.passed) return;
  expect(result.module.code).not.toMatch(/as number|import type/);
  expect(result.report.clamped).toBeGreaterThan(0);
  expect(result.report.favoured.length).toBeGreaterThan(0);
});

test.each<[string, string, RegExp, machine?: true]>([
  [
    'throws',
    policy('    if (batch.length > 1) throw new Error("no");'),
    /^\/etc\/gthulhu\/mine\.ts:6:\d+: Error: no \(in decide, batch \d+ of \d+\)$/,
  ],
  [
    'throws when it is loaded',
    'const a: number = 1;\n\nthrow new Error("at top")',
    /^\/etc\/gthulhu\/mine\.ts:3:7: Error: at top$/,
  ],
  [
    'throws in createPolicy',
    'export function createPolicy() {\n  null!.x;\n}',
    /mine\.ts:2:\d+: TypeError: .* \(in createPolicy\)$/,
  ],
  ['never returns', policy('    for (;;);'), /mine\.ts: did not return from decide within \d+\.\d s$/, true],
  ['never loads', 'for (;;);', /mine\.ts: did not return from load within \d+\.\d s$/, true],
  [
    'waits for ever',
    'await new Promise(() => {});\nexport const createPolicy = 1;',
    /ended its thread with code 13|did not return from load/,
  ],
  ['answers NaN', policy('    out.key[0] = NaN;'), /answered key NaN/],
  ['answers CPU NaN', policy('    out.cpu[0] = NaN;'), /answered CPU NaN/],
  ['exports nothing', 'const a = 1;', /exports no function createPolicy/],
  [
    'has a syntax error',
    'const a: number = 1;\nconst b = = 2;',
    /^\/etc\/gthulhu\/mine\.ts:2: SyntaxError: Expression expected$/,
  ],
  [
    'is slow',
    policy('    Atomics.wait(never, 0, 0, 3);', 'const never = new Int32Array(new SharedArrayBuffer(4));'),
    /decide takes .* us a task; at most .* us are allowed/,
    true,
  ],
  [
    'is very slow once',
    policy(
      '    if (calls++ === 20) Atomics.wait(never, 0, 0, 6000);',
      'let calls = 0;\nconst never = new Int32Array(new SharedArrayBuffer(4));',
    ),
    /decide took \d+\.\d ms for one batch|did not return from decide/,
    true,
  ],
  [
    'prints without end',
    policy('    for (;;) console.log(1);'),
    /mine\.ts: did not return from decide within \d+\.\d s$/,
    true,
  ],
  ['ends its thread', 'process.exit(3);', /ended its thread with code 3$/],
  [
    'fails later, by itself',
    policy(
      '',
      'setTimeout(() => {}, 0);\nPromise.reject(new Error("later"));\nawait new Promise((resolve) => setTimeout(resolve, 50));',
    ),
    /ended its thread: later/,
  ],
  ['throws null later', policy('', LATER(' throw null; ')), /mine\.ts: ended its thread: object null$/],
  [
    'throws later what cannot be shown',
    policy('', LATER(' throw Object.create(null); ')),
    /mine\.ts: ended its thread: /,
  ],
  [
    'throws an error with an odd stack',
    'throw Object.assign(new Error("odd"), { stack: 7 });',
    /mine\.ts: Error: odd$/,
  ],
  ['imports a file beside it', "import { a } from './a.ts';\na();", /imports "\.\/a\.ts"; a policy is one file/],
  ['imports a file by its path', `import { a } from '${other}';\na();`, ONE_FILE],
  ['imports a file by its URL', `import { a } from 'file://${other}';\na();`, ONE_FILE],
  ['imports a file when it is loaded', `\nawait import('file://${other}');`, ONE_FILE],
  [
    'imports a file later',
    policy(`    import('${other}');`),
    /mine\.ts: ended its thread: imports .*; a policy is one file/,
  ],
  [
    'decides later',
    policy('    await null;').replace('decide(', 'async decide('),
    /mine\.ts: decide returned a promise; it must answer at once: remove async and await/,
  ],
  [
    'fails later in what it begins',
    policy('    Promise.reject(new Error("unheard"));'),
    /mine\.ts: ended its thread: unheard$/,
  ],
  [
    'keeps much beside the heap',
    policy('    kept[0]++;', 'const kept = new Float64Array(10 * 1024 * 1024);'),
    /^\/etc\/gthulhu\/mine\.ts: keeps 8\d MB in typed arrays and buffers; at most 64 MB are allowed$/,
  ],
  ['imports code from its text', "import 'data:text/javascript,globalThis.a = 1';", ONE_FILE],
  ['requires a file', `import { createRequire } from 'node:module';\ncreateRequire('/etc/')('${other}');`, ONE_FILE],
])('a policy that %s does not pass', { timeout: 60_000 }, async (_, text, reason, machine) => {
  const result = await runTrial({ source: sourceOf(text), limits });
  expect(result).toEqual({ passed: false, reason: expect.stringMatching(reason), machine });
});

test('modules of Node may be imported, at any time', { timeout: 30_000 }, async () => {
  const before =
    "import { cpus } from 'node:os';\nimport { join } from 'path';\ncpus();\nawait import('node:zlib');\njoin('a');";
  expect(await runTrial({ source: sourceOf(policy('', before)), limits })).toMatchObject({ passed: true });
});

test('a policy that needs more memory than the policy thread has does not pass', { timeout: 60_000 }, async () => {
  const before = 'const kept = Array.from({ length: 80 }, (_, i) => new Array(131_072).fill(i + 0.5));';
  // Not with the short limits: what fills its memory is slow.
  expect(await runTrial({ source: sourceOf(policy('    kept[0][0]++;', before)) })).toEqual({
    passed: false,
    reason: '/etc/gthulhu/mine.ts: needs more than 64 MB of memory',
  });
});

test('what a policy posts by itself is no message of its trial', { timeout: 30_000 }, async () => {
  const posted = [null, 7, 'passed', {}, { kind: 'passed' }, { kind: 'alive' }, { kind: 'failed' }];
  const before = `import { parentPort } from 'node:worker_threads';\nfor (const one of ${JSON.stringify(posted)}) parentPort.postMessage(one);`;
  expect(await runTrial({ source: sourceOf(policy('', before)), limits })).toMatchObject({ passed: true });
});

test('a trial can be broken off', async () => {
  const breakOff = new AbortController();
  const trial = runTrial({ source: sourceOf(policy('    for (;;);')), signal: breakOff.signal });
  breakOff.abort();
  expect(await trial).toEqual({ passed: false, reason: 'the trial was broken off' });
});

test('recordings that are damaged are said', { timeout: 30_000 }, async () => {
  const whole = readFileSync(builtInRecording());
  const cut = (name: string, bytes: number): string => {
    const path = join(dir, name);
    writeFileSync(path, whole.subarray(0, bytes));
    return path;
  };
  const source = sourceOf(policy(''));
  expect(await runTrial({ source, traces: [cut('tail.trace', whole.length - 10)], limits })).toMatchObject({
    passed: true,
    notes: [expect.stringMatching(/tail\.trace: is cut off at byte \d+; the \d+ batches before it are good/)],
  });
  expect(await runTrial({ source, traces: [cut('head.trace', 5000)], limits })).toEqual({
    passed: false,
    reason: expect.stringMatching(/holds no batches .*; .*head\.trace: is cut off at byte \d+; the 0 batches/),
  });
  expect(await runTrial({ source, traces: ['/etc/hostname'], limits })).toEqual({
    passed: false,
    reason: expect.stringMatching(/is no recording/),
  });
  // The live one is a bonus.
  expect(await runTrial({ source, liveTrace: join(dir, 'none'), limits })).toMatchObject({
    passed: true,
    notes: [expect.stringMatching(/not tried on the live recording: .*ENOENT/)],
  });
});

test('of a long recording the last batches count', { timeout: 60_000 }, async () => {
  const path = join(dir, 'long.trace');
  const recorder = startRecorder({ path, maxBytes: 16 << 20, capacity: 512, policy: 'p', onFailed: () => {} });
  const batch = batchOf([{}]);
  for (let i = 0; i < 80_000; i++) recorder.record(batch, decisionsFor(batch), node);
  recorder.close();
  expect(await runTrial({ source: sourceOf(policy('')), traces: [path], limits })).toMatchObject({
    passed: true,
    report: { batches: 1500, tasks: 1500 },
    notes: [expect.stringMatching(/^tried on the last 1500 of \d{5} batches of \S+long\.trace$/)],
  });
});

test('limits follow the speed of the machine, and not without end', () => {
  expect(scaleLimits(USUAL_LIMITS, 30)).toEqual(USUAL_LIMITS);
  expect(scaleLimits(USUAL_LIMITS, 3000)).toEqual({ meanNsPerTask: 60_000, worstBatchNs: 150e6, silentMs: 15_000 });
  expect(scaleLimits(USUAL_LIMITS, 1e9)).toEqual({ meanNsPerTask: 2e6, worstBatchNs: 5e9, silentMs: 50_000 });
});

describe('gthulhu policy test', () => {
  async function run(text: string, output: 'table' | 'json' = 'table', trace?: string) {
    const file = join(dir, 'tested.ts');
    writeFileSync(file, text, { mode: 0o644 });
    const written: string[] = [];
    const warned: string[] = [];
    const code = await testPolicy({
      file,
      trace,
      output,
      write: (part) => written.push(part),
      warn: (line) => warned.push(line),
    });
    return { code, written: written.join(''), warned };
  }

  test('a table', { timeout: 30_000 }, async () => {
    const { code, written } = await run(policy('    for (let i = 0; i < batch.length; i++) out.key[i] = 0;'));
    expect(code).toBe(0);
    expect(written).toMatch(/^policy +mine$/m);
    expect(written).toMatch(/^key changed +\d+ \(\d+\.\d %\)$/m);
    expect(written).toMatch(/^passed: .*tested\.ts \(sha256 [0-9a-f]{64}\)$/m);
  });

  test('JSON, of a pass and of a failure', { timeout: 30_000 }, async () => {
    const passed = await run(policy(''), 'json');
    expect(passed.code).toBe(0);
    expect(JSON.parse(passed.written)).toMatchObject({ passed: true, policy: 'mine', clamped: 0 });
    const failed = await run('', 'json');
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.written)).toEqual({ passed: false, reason: expect.stringMatching(/createPolicy/) });
  });

  test('what the policy prints goes beside the answer', { timeout: 30_000 }, async () => {
    const { written, warned } = await run(policy('', 'console.log("hello\\u001b");\nconsole.error({ a: 1 });'), 'json');
    expect(JSON.parse(written)).toMatchObject({ passed: true });
    expect(warned.slice(-2)).toEqual(['policy prints: hello\\u001b', 'policy prints: { a: 1 }']);
  });

  test('why it fails', { timeout: 30_000 }, async () => {
    expect(await run('let x: = 1')).toMatchObject({
      code: 1,
      written: '',
      warned: [expect.stringMatching(/^failed: /)],
    });
    expect(await run(policy(''), 'table', '/none')).toMatchObject({
      code: 1,
      warned: [expect.stringMatching(/^failed: \/none: cannot be read/)],
    });
  });
});
