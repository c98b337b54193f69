// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'rolldown';

/** What bin/gthulhu runs: the command and its workers, each with everything it imports except Node and the addon. */
export default defineConfig({
  input: {
    main: 'packages/cli/dist/main.js',
    'policy-worker': 'packages/scheduler/dist/process/policy-worker.js',
    'trial-worker': 'packages/scheduler/dist/trial/trial-worker.js',
    'document-worker': 'packages/scheduler/dist/strategies/document-worker.js',
  },
  platform: 'node',
  output: { dir: 'build/cli', format: 'esm', cleanDir: true, chunkFileNames: '[name].js' },
});
