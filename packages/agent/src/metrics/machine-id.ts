// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** MACHINE_ID, else what /etc/machine-id says, without its newline. */
export function readMachineId(environment: NodeJS.ProcessEnv = process.env, path = '/etc/machine-id'): string {
  const given = environment.MACHINE_ID?.trim();
  if (given) return given;
  try {
    return readFileSync(path, 'utf8').trim() || 'unknown-machine-id';
  } catch {
    return 'unknown-machine-id';
  }
}
