// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { buildBinaries } from './binaries.ts';
import { makeRunFolder, RUN_FOLDER } from './run-folder.ts';

/** The programs of a run end with the process that started them; this takes away what they had in memory. */
export async function setup(): Promise<() => void> {
  // Before all tests of all projects: it takes the machine, and longer than a test may.
  await buildBinaries();
  const folder = makeRunFolder();
  process.env[RUN_FOLDER] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
