// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultConfig } from '@gthulhu/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig, readText } from './config-file.ts';
import { ConfigError } from './problem.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gthulhu-config-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const refusal = (path: string): string => {
  try {
    loadConfig(path);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replace(dir, 'DIR');
    throw error;
  }
  return 'accepted';
};

test('no file named: the defaults', () => {
  expect(loadConfig(undefined)).toEqual({ config: defaultConfig(), warnings: [] });
});

test('a file is read', () => {
  const path = join(dir, 'ok.yaml');
  writeFileSync(path, 'debug: true\n');
  expect(loadConfig(path).config.debug).toBe(true);
});

test.each([
  ['./my-policy.ts', 'my.trace', (folder: string) => [join(folder, 'my-policy.ts'), join(folder, 'my.trace')]],
  ['/etc/policy.ts', '/etc/my.trace', () => ['/etc/policy.ts', '/etc/my.trace']],
  ['""', '""', () => ['', '']],
])('a policy and its recording stand beside the file that names them: %s, %s', (policyText, traceText, absolute) => {
  const path = join(dir, 'relative.yaml');
  writeFileSync(path, `scheduler:\n  policy: ${policyText}\n  traceFile: ${traceText}\n`);
  const { policy, traceFile } = loadConfig(path).config.scheduler;
  expect([policy, traceFile]).toEqual(absolute(dir));
});

test('a kubeconfig and an authority stand beside it too', () => {
  const path = join(dir, 'cluster.yaml');
  writeFileSync(path, 'kubernetes: {kubeconfig: ./config}\nworkloads: {kubelet: {caFile: pki/kubelet.crt}}\n');
  const { kubernetes, workloads } = loadConfig(path).config;
  expect([kubernetes.kubeconfig, workloads.kubelet.caFile]).toEqual([
    join(dir, 'config'),
    join(dir, 'pki/kubelet.crt'),
  ]);
});

test('a named file has to be a readable text', () => {
  expect(refusal(join(dir, 'missing.yaml'))).toBe(
    'DIR/missing.yaml: the configuration file does not exist; give the path of an existing file, or start without --config to use the defaults',
  );
  expect(refusal(dir)).toMatch(/^DIR: the configuration file is a directory/);
  const path = join(dir, 'latin1.yaml');
  writeFileSync(path, Buffer.from([0x64, 0x3a, 0x20, 0xe9, 0x0a]));
  expect(refusal(path)).toMatch(/is not UTF-8 text; save it as UTF-8/);
});

test('reading stops one byte after the limit, in the middle of a character too', () => {
  const path = join(dir, 'long.yaml');
  writeFileSync(path, 'aé');
  expect(readText(path, 1)).toBe('a');
  expect(readText(path, 3)).toBe('aé');
  expect(readText('/dev/zero', 200_000)).toHaveLength(200_001);
});
