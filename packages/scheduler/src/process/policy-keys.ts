// SPDX-License-Identifier: Apache-2.0
/** Whom entries of the kernel's maps are for, as text here and as bytes there. Pure. */
import type { StructLayout } from '@gthulhu/bpf';
import { UNIT_LIMITS } from '@gthulhu/contracts';

export interface PolicyKeys {
  toBytes(key: string): Uint8Array;
  toText(bytes: Uint8Array): string;
}

/** Cgroups by their id. */
export const CGROUP_KEYS: PolicyKeys = {
  toBytes: (id) => new Uint8Array(new BigUint64Array([BigInt(id)]).buffer),
  toText: (bytes) => `${new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true)}`,
};

/** Units by the names of their slice and their own, `slice/unit`: `struct unit_name` of records.h. */
export function unitKeys({ size, fields }: StructLayout): PolicyKeys {
  const parts = [fields.slice, fields.name];
  return {
    toBytes: (key) => {
      const bytes = new Uint8Array(size);
      for (const [i, text] of key.split('/').entries()) bytes.set(Buffer.from(text), parts[i].offset);
      return bytes;
    },
    toText: (bytes) =>
      parts
        .map(({ offset, count }) => Buffer.from(bytes.subarray(offset, offset + count)).toString())
        .map((text) => text.replace(/\0.*$/s, ''))
        .join('/'),
  };
}

/**
 * How names begin that `every scope` passes by, as the array `unit_excepts` of `struct unit_except`: what is longer than
 * its words is cut, so that rather more is passed by. @returns null where there are more than it has room for
 */
export function exceptBytes(beginnings: Iterable<string>, { size, fields }: StructLayout): Uint8Array | null {
  const { word, mask } = fields;
  const wordsBytes = mask.offset - word.offset;
  const distinct = [...new Set(beginnings)];
  if (distinct.length > UNIT_LIMITS.excepts) return null;
  const bytes = new Uint8Array(size * UNIT_LIMITS.excepts);
  for (const [i, beginning] of distinct.entries()) {
    const text = Buffer.from(beginning).subarray(0, wordsBytes);
    bytes.set(text, i * size + word.offset);
    bytes.fill(0xff, i * size + mask.offset, i * size + mask.offset + text.length);
  }
  return bytes;
}
