// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RE2JS, RE2JSException } from 're2js';
import { REGEX_MAX_COST, REGEX_MAX_TOTAL_COST, regexCost } from './regex-cost.ts';

/** Compiling gives way to other requests after so long. */
const TURN_MS = 5;

/** What is wrong with an expression, as the second half of a sentence; null when it can be used. */
export function regexFault(regex: string): string | null {
  if (regexCost(regex) > REGEX_MAX_COST) return 'repeats so much that it takes too long to compile; make it simpler';
  try {
    RE2JS.compile(regex);
    return null;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, '');
    const perl = /Perl syntax|\\\d/.test(reason) ? ' (RE2 knows no look-around and no back references)' : '';
    return `is not an RE2 expression: ${reason}${perl}`;
  }
}

/**
 * Looks at many expressions, each once, without holding up other requests.
 * @returns for each that cannot be used why not; null when all together are too much
 */
export async function regexFaults(
  regexes: Iterable<string>,
  known: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string> | null> {
  const faults = new Map<string, string>();
  const fresh = [...new Set(regexes)].filter((regex) => regex !== '' && !known.has(regex));
  if (fresh.reduce((sum, regex) => sum + regexCost(regex), 0) > REGEX_MAX_TOTAL_COST) return null;
  let turn = performance.now();
  for (const regex of fresh) {
    const fault = regexFault(regex);
    if (fault !== null) faults.set(regex, fault);
    if (performance.now() - turn > TURN_MS) {
      await nextTurn();
      turn = performance.now();
    }
  }
  return faults;
}
