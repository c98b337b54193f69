// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'rolldown';

/**
 * What bin/gthulhu runs: the command and its workers, each with everything it imports except Node and the addon. As
 * CommonJS, because `import` of a module of Node reads every export it has: of `node:http` that loads all of undici, for
 * its WebSocket, and a second of an emulated machine's time.
 */
export default defineConfig({
  input: {
    main: 'packages/cli/dist/main.js',
    'policy-worker': 'packages/scheduler/dist/process/policy-worker.js',
    'trial-worker': 'packages/scheduler/dist/trial/trial-worker.js',
    'document-worker': 'packages/scheduler/dist/strategies/document-worker.js',
  },
  platform: 'node',
  output: { dir: 'build/cli', format: 'cjs', cleanDir: true, chunkFileNames: '[name].js' },
});
