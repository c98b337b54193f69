// SPDX-License-Identifier: Apache-2.0
import { BSS_ORDER_2025, type BssCounters } from '@gthulhu/contracts';
import { InputError } from '../strategies/input-error.ts';

/** What a scheduler posted last. */
export class SchedulerCounters {
  last: { readonly counters: BssCounters; readonly receivedMs: number } | null = null;
}

/**
 * The eleven counters of a body. One that is missing is 0 and other keys are ignored, as in every version: what a
 * scheduler counts besides is its own affair.
 * @throws InputError
 */
export function readCounters(body: unknown): BssCounters {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new InputError('the body: must be object');
  const given = body as Readonly<Record<string, unknown>>;
  const counters = BSS_ORDER_2025.map((name) => {
    const value = Object.hasOwn(given, name) ? given[name] : 0;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
      throw new InputError(`${name}: must be a whole number, 0 or greater`);
    }
    return [name, value] as const;
  });
  if (!counters.some(([name]) => Object.hasOwn(given, name))) {
    throw new InputError(`the body: has none of the counters ${BSS_ORDER_2025.join(', ')}`);
  }
  return Object.fromEntries(counters) as BssCounters;
}
