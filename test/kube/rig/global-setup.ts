// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { makeRunFolder, RUN_FOLDER } from './run-folder.ts';

/** The programs of a run end with the process that started them; this takes away what they had in memory. */
export function setup(): () => void {
  const folder = makeRunFolder();
  process.env[RUN_FOLDER] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
