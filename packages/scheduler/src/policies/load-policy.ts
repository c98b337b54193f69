// SPDX-License-Identifier: Apache-2.0
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Policy } from './policy.ts';
import { createPolicy } from './registry.ts';

/** Mode bits: the group or others may write. */
const WRITABLE_BY_OTHERS = 0o022;

/** A policy runs with the scheduler's capabilities: only root may say what it does. */
export function checkPolicyFile(file: string): void {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(file);
  } catch (cause) {
    throw new Error(`policy file ${file} cannot be read; scheduler.policy must name an existing file`, { cause });
  }
  if (!stat?.isFile()) throw new Error(`policy file ${file} is no regular file`);
  if (stat.uid !== 0)
    throw new Error(
      `policy file ${file} belongs to user ${stat.uid}; it runs with the scheduler's rights, so it must belong to root`,
    );
  if ((stat.mode & WRITABLE_BY_OTHERS) !== 0)
    throw new Error(
      `policy file ${file} can be written by others (mode ${(stat.mode & 0o777).toString(8)}); remove that: chmod go-w ${file}`,
    );
}

/**
 * The policy of that mode, or the one that `file` makes: a module that exports `createPolicy(): Policy`, in JavaScript
 * or in TypeScript whose types can be stripped.
 */
export async function loadPolicy(mode: string, file: string): Promise<Policy> {
  if (file === '') return createPolicy(mode);
  checkPolicyFile(file);
  const module: unknown = await import(pathToFileURL(resolve(file)).href);
  const create = (module as { createPolicy?: unknown }).createPolicy;
  if (typeof create !== 'function') throw new Error(`policy file ${file} exports no function createPolicy`);
  const policy: unknown = create();
  if (typeof (policy as Policy | null)?.decide !== 'function')
    throw new Error(`createPolicy of ${file} gave no object with a method decide(batch, out, node)`);
  return policy as Policy;
}
