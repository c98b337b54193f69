// SPDX-License-Identifier: Apache-2.0
import { BpfError, shown } from './errors.ts';

/** Where a member lies in a C struct. */
export interface FieldLayout {
  /** bytes from the start of the struct */
  readonly offset: number;
  /** bytes of one element: 1, 2, 4 or 8 for numbers */
  readonly size: number;
  readonly signed: boolean;
  /** elements; 1 for what is no array */
  readonly count: number;
}

/** A C struct as compiled into a BPF object. Structured-clonable. Members of nested structs are named `outer.inner`. */
export interface StructLayout {
  /** bytes */
  readonly size: number;
  readonly fields: Readonly<Record<string, FieldLayout>>;
}

/** Columns by field name, all over one shared block of memory, and what the addon has to know about each. */
export interface ColumnSet {
  readonly columns: Record<string, Float64Array>;
  readonly arrays: Float64Array[];
  readonly plan: number[];
}

const MAX_CAPACITY = 1 << 20;
const MAX_BYTES = 256 * 1024 * 1024;
/** One spare line behind each column: rows of same number then lie in different sets of the cache, whatever the capacity. */
const CACHE_LINE = 64;

function isLayout(value: unknown): value is StructLayout {
  if (typeof value !== 'object' || value === null) return false;
  const { size, fields } = value as Partial<StructLayout>;
  return Number.isInteger(size) && typeof fields === 'object' && fields !== null;
}

function fieldOf(layout: StructLayout, name: unknown): FieldLayout {
  if (typeof name !== 'string' || !Object.hasOwn(layout.fields, name)) {
    const known = Object.keys(layout.fields).join(', ');
    throw new BpfError('ERR_BPF_ARGUMENT', `no field ${shown(name)} in this struct; it has ${known}`);
  }
  const field: unknown = layout.fields[name];
  const { offset, size, count } = (field ?? {}) as Partial<FieldLayout>;
  const whole = [offset, size, count].every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  if (!whole || (count as number) < 1 || (offset as number) + (size as number) * (count as number) > layout.size)
    throw new BpfError('ERR_BPF_ARGUMENT', `field ${name} does not lie within its struct of ${layout.size} bytes`);
  return field as FieldLayout;
}

/** Throws where the value is no layout: for entry points that get it from elsewhere, such as another thread. */
export function checkLayout(layout: unknown): StructLayout {
  if (!isLayout(layout)) throw new BpfError('ERR_BPF_ARGUMENT', 'expected a struct layout as given by layout()');
  return layout;
}

/**
 * Memory for `capacity` rows of the named fields. An array field of `count` elements has a column of
 * `capacity * count` numbers, row after row. Shared memory, because it can be neither detached nor shrunk
 * while the addon holds its address.
 */
export function makeColumns(layout: StructLayout, names: readonly string[], capacity: number): ColumnSet {
  checkLayout(layout);
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > MAX_CAPACITY)
    throw new BpfError('ERR_BPF_ARGUMENT', `the capacity must be an integer from 1 to ${MAX_CAPACITY} rows`);
  if (!Array.isArray(names) || names.length === 0) throw new BpfError('ERR_BPF_ARGUMENT', 'name at least one column');
  const fields = names.map((name) => fieldOf(layout, name));
  const sizes = fields.map((field) => Math.ceil((field.count * capacity * 8) / CACHE_LINE) * CACHE_LINE + CACHE_LINE);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > MAX_BYTES) throw new BpfError('ERR_BPF_ARGUMENT', `these columns would take ${bytes} bytes`);
  const memory = new SharedArrayBuffer(bytes);
  const set: ColumnSet = { columns: {}, arrays: [], plan: [] };
  let at = 0;
  for (const [i, field] of fields.entries()) {
    const column = new Float64Array(memory, at, capacity * field.count);
    at += sizes[i] as number;
    set.columns[names[i] as string] = column;
    set.arrays.push(column);
    set.plan.push(field.offset, field.size, field.signed ? 1 : 0, field.count);
  }
  return set;
}
