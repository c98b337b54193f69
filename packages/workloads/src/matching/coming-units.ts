// SPDX-License-Identifier: Apache-2.0
import { type ComingUnit, UNIT_LIMITS } from '@gthulhu/contracts';
import { globMatches, type Protection } from './protection.ts';
import type { StrategySpec } from './strategy-spec.ts';

/** What the kernel can compare a name with. */
const PLAIN = /^[!-.0-~]+$/;
const SCOPE = '.scope';

const isUnit = (name: string): boolean => /\.(scope|service)$/.test(name);
const isSlice = (name: string): boolean => name.endsWith('.slice');
const fits = (name: string, bytes: number): boolean => name.length <= bytes && PLAIN.test(name);

/** Slices that it is about; null for those of all, empty where it can be about none. */
function slicesOf({ namespaces, selectors }: StrategySpec): string[] | null {
  // A unit's namespace is its slice.
  let slices: string[] | null = namespaces.length === 0 ? null : namespaces.filter(isSlice);
  for (const { key, value } of selectors) {
    if (key !== 'slice') continue;
    slices = (slices ?? [value]).filter((slice) => slice === value && isSlice(slice));
  }
  return slices;
}

/**
 * How the names of the protected begin that may be scopes; null where that cannot be told from the beginning.
 * @param patterns `*` stands for any characters
 */
export function protectedScopes(patterns: readonly string[]): string[] | null {
  const beginnings = new Set<string>();
  for (const pattern of patterns) {
    const tail = pattern.slice(pattern.lastIndexOf('*') + 1);
    // With a star before it, the end of the name may be in part the star's.
    const mayBeScope = pattern.includes('*') ? tail.endsWith(SCOPE) || SCOPE.endsWith(tail) : pattern.endsWith(SCOPE);
    if (!mayBeScope) continue;
    const [beginning] = pattern.split('*');
    if (beginning === '') return null;
    beginnings.add(beginning.slice(0, UNIT_LIMITS.nameBytes));
  }
  return beginnings.size > UNIT_LIMITS.excepts ? null : [...beginnings];
}

/**
 * Units that a strategy means by their names alone, so that they can be known before they come: by the label `unit`, by
 * `slice`, or both. Empty where it takes more than that, where the names are not such as the kernel can compare, or for
 * the protected.
 */
export function comingUnits(strategy: StrategySpec, { units: patterns }: Pick<Protection, 'units'>): ComingUnit[] {
  const { name, commandRegex, selectors } = strategy;
  if (name !== null || commandRegex !== '') return [];
  if (selectors.some(({ key }) => key !== 'unit' && key !== 'slice')) return [];
  const slices = slicesOf(strategy);
  const slicesThatFit = slices?.filter((slice) => fits(slice, UNIT_LIMITS.sliceBytes)).slice(0, UNIT_LIMITS.ofRule);
  const [unit, ...others] = new Set(selectors.filter(({ key }) => key === 'unit').map(({ value }) => value));
  if (others.length > 0) return [];
  if (unit !== undefined) {
    if (!isUnit(unit) || !fits(unit, UNIT_LIMITS.nameBytes)) return [];
    if (patterns.some((pattern) => globMatches(pattern, unit))) return [];
    return slicesThatFit === undefined
      ? [{ slice: '', name: unit }]
      : slicesThatFit.map((slice) => ({ slice, name: unit }));
  }
  const except = protectedScopes(patterns);
  if (except === null || slicesThatFit === undefined) return [];
  return slicesThatFit.map((slice) => ({ slice, name: '', except }));
}
