// SPDX-License-Identifier: Apache-2.0
import { GthulhuPolicy } from './gthulhu.ts';
import type { Policy } from './policy.ts';
import { SimplePolicy } from './simple.ts';
import { SimpleFifoPolicy } from './simple-fifo.ts';

const factories = {
  gthulhu: () => new GthulhuPolicy(),
  simple: () => new SimplePolicy(),
  'simple-fifo': () => new SimpleFifoPolicy(),
} as const satisfies Record<string, () => Policy>;

export type PolicyMode = keyof typeof factories;

/** The modes that have a policy, as `scheduler.mode` names them. */
export const POLICY_MODES = Object.keys(factories) as readonly PolicyMode[];

const isPolicyMode = (mode: string): mode is PolicyMode => Object.hasOwn(factories, mode);

/**
 * A new policy.
 * @throws RangeError for a mode that has none
 */
export function createPolicy(mode: string): Policy {
  if (!isPolicyMode(mode)) {
    throw new RangeError(`no policy is called ${JSON.stringify(mode)}; the policies are ${POLICY_MODES.join(', ')}`);
  }
  return factories[mode]();
}
