// SPDX-License-Identifier: Apache-2.0
/**
 * Sets of CPUs that strategies name, as the kernel has them: bits in numbered slots. A handle says slot and since which
 * change, so that a slot that is used again is not taken for what it was. Pure.
 */
import { formatCpuList, parseCpuList } from '@gthulhu/contracts';

/** GTHULHU_MAX_CPU_SETS of records.h; slot 0 is no set. */
export const CPU_SLOTS = 64;
/** GTHULHU_CPU_SET_WORDS: 64 CPUs each. */
export const CPU_SET_WORDS = 16;
const WORD_BITS = 64;
/** Bits of a handle that are left for the change. */
const CHANGES = 2 ** 26;

export interface CpuSetPlan {
  /** By list. */
  readonly handles: ReadonlyMap<string, number>;
  /** To be written before the change takes effect. */
  readonly writes: readonly { readonly slot: number; readonly words: readonly bigint[] }[];
}

export const slotOf = (handle: number): number => handle % CPU_SLOTS;

/** CPUs beyond what the kernel side knows are left out: no task runs there. */
export function wordsOf(list: string): bigint[] {
  const words = new Array<bigint>(CPU_SET_WORDS).fill(0n);
  for (const cpu of parseCpuList(list)) {
    const word = Math.floor(cpu / WORD_BITS);
    if (word < CPU_SET_WORDS) words[word] |= 1n << BigInt(cpu % WORD_BITS);
  }
  return words;
}

export function listOf(words: readonly bigint[]): string {
  const cpus = words.flatMap((word, i) =>
    Array.from({ length: WORD_BITS }, (_, bit) => bit)
      .filter((bit) => (word >> BigInt(bit)) & 1n)
      .map((bit) => i * WORD_BITS + bit),
  );
  return formatCpuList(cpus);
}

/**
 * @param inForce handles by list
 * @param taken slots that tasks may still look at, besides those in force
 * @param change number of the change that is planned
 */
export function planCpuSets(
  inForce: ReadonlyMap<string, number>,
  taken: ReadonlySet<number>,
  lists: readonly string[],
  change: number,
): CpuSetPlan {
  const used = new Set([0, ...taken, ...[...inForce.values()].map(slotOf)]);
  const handles = new Map<string, number>();
  const writes: { slot: number; words: bigint[] }[] = [];
  let slot = 0;
  for (const list of lists) {
    const known = inForce.get(list);
    if (known !== undefined) {
      handles.set(list, known);
      continue;
    }
    while (used.has(slot)) slot++;
    if (slot >= CPU_SLOTS) throw new RangeError(`no room for ${lists.length} lists of CPUs`);
    used.add(slot);
    handles.set(list, (change % CHANGES) * CPU_SLOTS + slot);
    writes.push({ slot, words: wordsOf(list) });
  }
  return { handles, writes };
}
