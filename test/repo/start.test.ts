// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './files.ts';

const folder = join(root, 'build/start');
mkdirSync(folder, { recursive: true });
const probe = join(folder, 'probe.cjs');
writeFileSync(
  probe,
  `process.on('exit', () => require('node:fs').writeFileSync(process.env.LOADED, JSON.stringify({
    ofNode: process.moduleLoadList.map((name) => name.split(' ')[1]), files: Object.keys(require.cache) })))`,
);

interface Loaded {
  readonly ofNode: readonly string[];
  readonly files: readonly string[];
}

/** What the built command has loaded when it gets to its configuration, which is not there. */
function loadedBy(command: string): Loaded {
  const told = join(folder, `${command}.json`);
  const { status, stdout } = spawnSync(join(root, 'bin/gthulhu'), [command, '--config', join(folder, 'missing.yaml')], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: `--require=${probe}`, LOADED: told },
  });
  expect(stdout).toMatch(/the configuration file does not exist/);
  expect(status).toBe(1);
  return JSON.parse(readFileSync(told, 'utf8'));
}

const UNDICI = 'internal/deps/undici/undici';

// Until it is attached nobody's strategies apply: it is not to load first what only others or later moments need.
test('a scheduler starts without HTTP, threads and the matching of commands', () => {
  const { ofNode, files } = loadedBy('scheduler');
  expect(ofNode).toContain('fs');
  expect(ofNode.filter((name) => ['http', 'https', 'tls', 'worker_threads', UNDICI].includes(name))).toEqual([]);
  const texts = files.filter((file) => file.includes('/build/cli/')).map((file) => readFileSync(file, 'utf8'));
  expect(texts.some((text) => text.includes('node_modules/yaml/'))).toBe(true);
  expect(texts.some((text) => text.includes('node_modules/re2js/'))).toBe(false);
});

test('nobody loads what only the WebSocket of node:http needs', () => {
  const { ofNode } = loadedBy('agent');
  expect(ofNode).toContain('http');
  expect(ofNode).not.toContain(UNDICI);
});

test('the options of Node leave the compiled form of its own modules in use', () => {
  const command = readFileSync(join(root, 'bin/gthulhu'), 'utf8');
  const options = /exec "\$node" (.*) "\$main"/.exec(command)?.[1].split(' ') ?? [];
  expect(options.length).toBeGreaterThan(0);
  const program = `const { internalBinding } = require('internal/test/binding')
    require('node:http')
    const { compiledWithCache: used, compiledWithoutCache: refused } = internalBinding('builtins').getCacheUsage()
    console.log(JSON.stringify({ used: [...used], refused: [...refused] }))`;
  const usage = (...more: string[]): { used: string[]; refused: string[] } =>
    JSON.parse(
      spawnSync(process.execPath, [...more, '--no-warnings', '--expose-internals', '-e', program], { encoding: 'utf8' })
        .stdout,
    );
  expect(usage(...options)).toMatchObject({ used: expect.arrayContaining(['http']), refused: [] });
  // It is seen where they do not.
  expect(usage('--single-threaded').refused).toContain('http');
});
