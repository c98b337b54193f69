// SPDX-License-Identifier: Apache-2.0
import { native } from './addon.ts';
import { BpfError } from './errors.ts';
import { type GlobalsInfo, varOf } from './globals.ts';
import { makeColumns, type StructLayout } from './layout.ts';

/** Columns of doubles that become an array of structs in the kernel's view, and the program that acts on it. */
export interface Decisions {
  /** by field name; rows 0..n-1 are what apply(n) takes */
  readonly columns: Readonly<Record<string, Float64Array>>;
  /**
   * Encodes n rows and runs the program with a context whose first u32 is n, the rest zeros (64 bytes). Doubles are
   * truncated; NaN is 0; what a field cannot hold becomes the nearest value it can. Returns the program's int32.
   */
  apply(n: number): number;
  /** only the first half of apply */
  encode(n: number): void;
  close(): void;
}

/**
 * @param progFd of a SEC("syscall") program
 * @param arrayVar global array of structs in a writable section
 * @param capacity rows; must fit the array
 */
export function openDecisions(
  progFd: number,
  globals: GlobalsInfo,
  arrayVar: string,
  layout: StructLayout,
  columns: readonly string[],
  capacity: number,
): Decisions {
  const set = makeColumns(layout, columns, capacity);
  const { offset, size } = varOf(globals, arrayVar);
  if (layout.size * capacity > size)
    throw new BpfError(
      'ERR_BPF_ARGUMENT',
      `${arrayVar} holds ${Math.floor(size / layout.size)} decisions, not ${capacity}`,
    );
  const decisions = native.openDecisions(progFd, globals.fd, offset, layout.size, set.plan, set.arrays, capacity);
  return {
    columns: Object.freeze(set.columns),
    apply: decisions.apply,
    encode: decisions.encode,
    close: () => native.close(decisions.handle),
  };
}
