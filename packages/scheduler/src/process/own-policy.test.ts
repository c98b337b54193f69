// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLogger } from '../log/logger.ts';
import { readPolicyFile } from '../policies/policy-file.ts';
import type { PolicyModule } from '../policies/policy-module.ts';
import { runTrial, type TrialOptions, type TrialResult } from '../trial/run-trial.ts';
import { type OwnPolicyOptions, startOwnPolicy } from './own-policy.ts';
import type { PolicyHost, PolicyService } from './policy-host.ts';

let dir: string;
let file: string;
let running: PolicyService | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'gthulhu-own-'));
  file = join(dir, 'policy.mjs');
});
afterEach(async () => {
  await running?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Passes unless the text says why not. */
async function easyTrial({ source }: TrialOptions): Promise<TrialResult> {
  const { file, sha256, text } = source;
  return text.startsWith('bad')
    ? { passed: false, reason: `${file}:1: ${text}` }
    : ({ passed: true, module: { file, sha256, code: text }, report: {}, notes: [] } as unknown as TrialResult);
}

function start(options: Partial<OwnPolicyOptions> = {}) {
  const lines: string[] = [];
  const started: (string | null)[] = [];
  const used: string[] = [];
  const stop = vi.fn(async () => {});
  let refused = '';
  const startHost = (module: PolicyModule | null): PolicyHost => {
    started.push(module?.code ?? null);
    return {
      restarts: 0,
      ready: Promise.resolve(),
      use: async ({ code }) => {
        if (refused !== '') throw new Error(refused);
        used.push(code);
      },
      stop,
    };
  };
  const logger = createLogger({ format: 'plain', write: (line) => lines.push(line.slice(20).trimEnd()) });
  const service = startOwnPolicy({
    file,
    mode: 'gthulhu',
    liveTrace: '',
    logger,
    startHost,
    // Without root there is no file of root.
    read: readPolicyFile,
    trial: easyTrial,
    rereadMs: 1_000_000,
    ...options,
  });
  running = service;
  return {
    service,
    lines,
    started,
    used,
    stop,
    refuse: (reason: string) => {
      refused = reason;
    },
  };
}

test('a good file is used from the start', async () => {
  writeFileSync(file, 'good');
  const { service, lines, started } = start();
  await service.ready;
  expect(started).toEqual(['good']);
  expect(lines).toEqual([expect.stringMatching(/^policy loaded: \S+policy\.mjs \(sha256 [0-9a-f]{12}…\)$/)]);
});

test.each<[string, string | null, RegExp]>([
  [
    'a bad file',
    'bad: no',
    /^Error: policy .*policy\.mjs is not used: .*:1: bad: no; the built-in policy gthulhu decides$/,
  ],
  [
    'no file',
    null,
    /^Error: policy .* is not used: .*cannot be read \(ENOENT\).*; the built-in policy gthulhu decides$/,
  ],
])('%s at the start: the built-in policy', async (_, text, line) => {
  if (text !== null) writeFileSync(file, text);
  const { service, lines, started, used } = start();
  await service.ready;
  expect(started).toEqual([null]);
  expect(lines).toEqual([expect.stringMatching(line)]);
  writeFileSync(file, 'good');
  await vi.waitFor(() => expect(used).toEqual(['good']));
  expect(lines.at(-1)).toMatch(/^policy reloaded: /);
});

describe('a change', () => {
  const replaceBy = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };

  test('to a good one is used, to a bad one is not', async () => {
    writeFileSync(file, 'good');
    const { service, lines, used } = start();
    await service.ready;
    replaceBy('better');
    await vi.waitFor(() => expect(used).toEqual(['better']));
    replaceBy('bad: worse');
    await vi.waitFor(() => expect(lines).toHaveLength(3));
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^policy reloaded: \S+policy\.mjs \(sha256 [0-9a-f]{12}…\)$/),
      expect.stringMatching(/^Warning: policy not reloaded: \S+:1: bad: worse; the policy before it stays$/),
    ]);
    expect(used).toEqual(['better']);
  });

  test('of the date alone is none', async () => {
    writeFileSync(file, 'good');
    const trial = vi.fn(easyTrial);
    const { service, used } = start({ trial, rereadMs: 20 });
    await service.ready;
    replaceBy('good');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(trial).toHaveBeenCalledTimes(1);
    expect(used).toEqual([]);
  });

  test('by a symlink further up is seen too, at the next look', async () => {
    for (const version of ['v1', 'v2']) {
      mkdirSync(join(dir, version));
      writeFileSync(join(dir, version, 'policy.mjs'), version);
    }
    symlinkSync('v1', join(dir, 'current'));
    const { service, used, started } = start({ file: join(dir, 'current', 'policy.mjs'), rereadMs: 20 });
    await service.ready;
    expect(started).toEqual(['v1']);
    symlinkSync('v2', join(dir, 'next'));
    renameSync(join(dir, 'next'), join(dir, 'current'));
    await vi.waitFor(() => expect(used).toEqual(['v2']));
  });

  test('while another one is tried is looked at afterwards', async () => {
    writeFileSync(file, 'good');
    let go: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const trial = vi.fn(async (options: TrialOptions) => {
      if (options.source.text === 'first') await held;
      return easyTrial(options);
    });
    const { service, used } = start({ trial });
    await service.ready;
    replaceBy('first');
    await vi.waitFor(() => expect(trial).toHaveBeenCalledTimes(2));
    replaceBy('second');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(trial).toHaveBeenCalledTimes(2);
    go();
    await vi.waitFor(() => expect(used).toEqual(['first', 'second']));
  });

  test('that the host does not take is said', async () => {
    writeFileSync(file, 'good');
    const { service, lines, refuse } = start();
    await service.ready;
    refuse('it failed: no');
    replaceBy('better');
    await vi.waitFor(() =>
      expect(lines.at(-1)).toMatch(
        /policy not reloaded: it failed: no \(tried again every 60 s\); the policy before it/,
      ),
    );
  });

  test('that takes the file away is said once', async () => {
    writeFileSync(file, 'good');
    const { service, lines } = start({ rereadMs: 20 });
    await service.ready;
    rmSync(file);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(lines.slice(1)).toEqual([expect.stringMatching(/policy not reloaded: .*cannot be read \(ENOENT\)/)]);
  });
});

describe('a failure that may be the fault of the machine', () => {
  const busy = (times: number) => {
    let left = times;
    return vi.fn(async (options: TrialOptions): Promise<TrialResult> => {
      if (left-- > 0) return { passed: false, reason: 'decide took too long', machine: true };
      return easyTrial(options);
    });
  };

  test('at the start is not the last word', async () => {
    writeFileSync(file, 'good');
    const { service, started, used, lines } = start({ trial: busy(2), rereadMs: 10, retryMs: 50 });
    await service.ready;
    expect(started).toEqual([null]);
    await vi.waitFor(() => expect(used).toEqual(['good']));
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    expect(lines).toEqual([
      expect.stringMatching(/is not used: decide took too long \(tried again every 0\.05 s\); the built-in policy/),
      expect.stringMatching(/^policy reloaded: /),
    ]);
  });

  test('does not cost a trial at every look', async () => {
    writeFileSync(file, 'good');
    const trial = busy(1000);
    const { service } = start({ trial, rereadMs: 10, retryMs: 1_000_000 });
    await service.ready;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(trial).toHaveBeenCalledTimes(1);
  });

  test('of the thread too: it is started again, and told once', async () => {
    writeFileSync(file, 'good');
    const { service, lines, used, refuse } = start({ rereadMs: 10, retryMs: 50 });
    await service.ready;
    refuse('it did not start within 60 s');
    writeFileSync(`${file}.new`, 'better');
    renameSync(`${file}.new`, file);
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    expect(lines[1]).toMatch(/not reloaded: it did not start within 60 s \(tried again every 0\.05 s\)/);
    await new Promise((resolve) => setTimeout(resolve, 150));
    refuse('');
    await vi.waitFor(() => expect(used).toEqual(['better']));
    await vi.waitFor(() => expect(lines).toHaveLength(3));
    expect(lines[2]).toMatch(/^policy reloaded: /);
  });
});

test('what is used is what was tried, with a real trial', { timeout: 30_000 }, async () => {
  const text = (name: string): string => `export const createPolicy = () => ({ name: '${name}', decide() {} });`;
  writeFileSync(file, text('a'));
  const { service, started, used, lines } = start({ trial: runTrial });
  await service.ready;
  expect(started).toEqual([text('a')]);
  writeFileSync(file, text('b'));
  await vi.waitFor(() => expect(used).toEqual([text('b')]), 10_000);
  writeFileSync(file, 'export const createPolicy = () => ({ name: "c", decide() {\n throw new Error("no"); } });');
  await vi.waitFor(
    () => expect(lines.at(-1)).toMatch(/^Warning: policy not reloaded: \S+policy\.mjs:2:\d+: Error: no \(in decide/),
    10_000,
  );
});

test('an end in the middle of the first trial starts nothing', async () => {
  writeFileSync(file, 'export const createPolicy = () => ({ name: "c", decide() { for (;;); } });');
  const { service, started, lines } = start({ trial: runTrial });
  await service.stop();
  expect(started).toEqual([]);
  expect(lines).toEqual([]);
});
