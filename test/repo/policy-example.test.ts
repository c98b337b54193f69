// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DecisionBatch, type Policy, type TaskBatch, testPolicy } from '@gthulhu/scheduler';
import { describe, expect, test } from 'vitest';
import { partsOf } from './documents.ts';
import { readText, root } from './files.ts';

const LANGUAGES = ['en', 'zh-TW'];
const folder = join(root, 'build/docs');

function exampleOf(language: string): string {
  const found = partsOf(readText(`docs/${language}/policies.md`)).blocks.filter(({ info }) => info === 'ts policy');
  expect(found).toHaveLength(1);
  return found[0]?.text ?? '';
}

const column = (...values: number[]): Float64Array => Float64Array.from(values);

function batchOf(columns: Partial<TaskBatch>): TaskBatch {
  const none = column(0, 0);
  const names =
    'pid tgid cpu weight queue flags priority nrWaiting enqNs key vtime clock runtimeNs burstNs gen sliceNs';
  const empty = Object.fromEntries(names.split(' ').map((name) => [name, none]));
  return { ...(empty as unknown as TaskBatch), length: 2, ...columns };
}

test('both languages show the same policy', () => {
  expect(exampleOf('zh-TW')).toBe(exampleOf('en'));
});

test('the policy of the documentation compiles against the interface', { timeout: 60_000 }, () => {
  mkdirSync(folder, { recursive: true });
  for (const language of LANGUAGES) writeFileSync(join(folder, `policy-${language}.mts`), exampleOf(language));
  const options = { composite: false, declaration: false, declarationMap: false, sourceMap: false, noEmit: true };
  const project = { extends: '../../tsconfig.base.json', compilerOptions: options, include: ['*.mts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
  const { stdout, status } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
});

test('it lets the task with the shorter burst go first, and answers what the kernel takes', async () => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'policy-run.mts');
  writeFileSync(file, exampleOf('en'));
  const module = (await import(/* @vite-ignore */ file)) as { createPolicy: () => Policy };
  const batch = batchOf({
    weight: column(100, 100),
    key: column(1e9, 1e9),
    burstNs: column(1e5, 50e6),
    priority: column(21, 21),
  });
  const out: DecisionBatch = { key: column(1e9, 1e9), sliceNs: column(0, 0), cpu: column(-1, -1) };
  module.createPolicy().decide(batch, out, { nrCpus: 2, sliceDefaultNs: 5e6, sliceMinNs: 5e5, nowNs: 1e9 });
  expect([...out.key]).toEqual([1e9 + 1e5, 1e9 + 2.5e6]);
  expect([...out.sliceNs]).toEqual([0, 10e6]);
});

describe('gthulhu policy test', () => {
  mkdirSync(folder, { recursive: true });
  async function run(name: string, text: string): Promise<{ code: number; said: string }> {
    const file = join(folder, name);
    writeFileSync(file, text);
    let said = '';
    const write = (part: string): void => {
      said += part;
    };
    return { code: await testPolicy({ file, output: 'table', write, warn: write }), said };
  }

  test.each(LANGUAGES)('passes the policy of the documentation, %s', { timeout: 60_000 }, async (language) => {
    const { code, said } = await run(`policy-tried-${language}.ts`, exampleOf(language));
    expect(said).toMatch(/^policy +short-first$/m);
    expect(said).toMatch(/^key clamped +0 /m);
    expect(said).not.toMatch(/^other order than the kernel +0 /m);
    expect(code).toBe(0);
  });

  test('names the line of a mistake in it', { timeout: 60_000 }, async () => {
    const text = exampleOf('en').replace('batch.burstNs[i]', 'batch.burst(i)');
    const line = text.slice(0, text.indexOf('batch.burst(')).split('\n').length;
    const { code, said } = await run('policy-mistaken.ts', text);
    expect(said).toMatch(new RegExp(`policy-mistaken\\.ts:${line}:\\d+: TypeError: batch\\.burst is not a function`));
    expect(code).toBe(1);
  });
});
