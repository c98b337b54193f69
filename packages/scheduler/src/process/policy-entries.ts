// SPDX-License-Identifier: Apache-2.0
/**
 * Entries of cgroups and units as bytes, `struct cgroup_entry` of records.h. An entry says what is in force and what is to be from
 * one change on, so that a change of many takes effect at once. Pure.
 */
import type { StructLayout } from '@gthulhu/bpf';

/** `struct policy`. */
export interface PolicyValue {
  /** 1 and up */
  readonly rank: number;
  readonly priority: number;
  readonly sliceNs: number;
  /** handle of a set of CPUs, 0: all */
  readonly cpus: number;
  /** number of the strategy */
  readonly strategy: number;
}

export interface CgroupEntry {
  /** The change from which on `next` counts; 0n: there is none. */
  readonly nextSeq: bigint;
  readonly now: PolicyValue | null;
  readonly next: PolicyValue | null;
}

export const samePolicy = (a: PolicyValue | null, b: PolicyValue | null): boolean =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.rank === b.rank &&
    a.priority === b.priority &&
    a.sliceNs === b.sliceNs &&
    a.cpus === b.cpus &&
    a.strategy === b.strategy);

export function encodeEntry(layout: StructLayout, { nextSeq, now, next }: CgroupEntry): Uint8Array {
  const bytes = new Uint8Array(layout.size);
  const view = new DataView(bytes.buffer);
  const write = (name: 'now' | 'next', policy: PolicyValue | null): void => {
    if (policy === null) return;
    const at = (field: string): number => layout.fields[`${name}.${field}`].offset;
    view.setBigUint64(at('slice_ns'), BigInt(policy.sliceNs), true);
    view.setUint32(at('rank'), policy.rank, true);
    view.setUint32(at('priority'), policy.priority, true);
    view.setUint32(at('cpus'), policy.cpus, true);
    view.setUint32(at('strategy'), policy.strategy, true);
  };
  view.setBigUint64(layout.fields.next_seq.offset, nextSeq, true);
  write('now', now);
  write('next', next);
  return bytes;
}

export function decodeEntry(layout: StructLayout, bytes: Uint8Array): CgroupEntry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (name: 'now' | 'next'): PolicyValue | null => {
    const at = (field: string): number => layout.fields[`${name}.${field}`].offset;
    const rank = view.getUint32(at('rank'), true);
    if (rank === 0) return null;
    return {
      rank,
      priority: view.getUint32(at('priority'), true),
      sliceNs: Number(view.getBigUint64(at('slice_ns'), true)),
      cpus: view.getUint32(at('cpus'), true),
      strategy: view.getUint32(at('strategy'), true),
    };
  };
  return { nextSeq: view.getBigUint64(layout.fields.next_seq.offset, true), now: read('now'), next: read('next') };
}

/** What an entry says once the change `seq` is in force. */
export const inForceAt = ({ nextSeq, now, next }: CgroupEntry, seq: bigint): PolicyValue | null =>
  nextSeq !== 0n && nextSeq <= seq ? next : now;

export interface EntryChange {
  readonly id: string;
  readonly from: PolicyValue | null;
  readonly to: PolicyValue | null;
}

/** What has to be written to get from one set of entries to another. */
export function entryChanges(
  from: ReadonlyMap<string, PolicyValue>,
  to: ReadonlyMap<string, PolicyValue>,
): EntryChange[] {
  const changes: EntryChange[] = [];
  for (const [id, policy] of to) {
    const before = from.get(id) ?? null;
    if (!samePolicy(before, policy)) changes.push({ id, from: before, to: policy });
  }
  for (const [id, policy] of from) if (!to.has(id)) changes.push({ id, from: policy, to: null });
  return changes;
}
