// SPDX-License-Identifier: Apache-2.0
import type { BpfMap, StructLayout } from '@gthulhu/bpf';
import {
  decodeEntry,
  type EntryChange,
  encodeEntry,
  entryChanges,
  inForceAt,
  type PolicyValue,
} from './policy-entries.ts';
import type { PolicyKeys } from './policy-keys.ts';

/** A change that is written and not in force yet. */
export interface StagedChange {
  /** Entries that it adds, changes or takes away. */
  readonly count: number;
  /** To be called when it is in force: what it took away leaves the map. */
  finish(): void;
  /** To be called when it is not to be: everything is as it was. */
  undo(): void;
}

/** A map of the kernel's of policies, by cgroup or by unit. One writer: this process. */
export class PolicyTable {
  readonly #map: BpfMap;
  readonly #keys: PolicyKeys;
  readonly #layout: StructLayout;
  #inForce: ReadonlyMap<string, PolicyValue> = new Map();

  /**
   * Takes the map as an earlier process may have left it; what that one had written ahead is taken back.
   * @param seq the last change that is in force
   */
  constructor(map: BpfMap, keys: PolicyKeys, layout: StructLayout, seq: bigint) {
    this.#map = map;
    this.#keys = keys;
    this.#layout = layout;
    const found = new Map<string, PolicyValue>();
    for (const key of map.keys()) {
      const bytes = map.lookup(key);
      if (bytes === null) continue;
      const entry = decodeEntry(layout, bytes);
      const policy = inForceAt(entry, seq);
      if (policy === null) {
        map.delete(key);
        continue;
      }
      if (entry.nextSeq > seq) map.update(key, encodeEntry(layout, { nextSeq: 0n, now: policy, next: null }));
      found.set(keys.toText(key), policy);
    }
    this.#inForce = found;
  }

  get inForce(): ReadonlyMap<string, PolicyValue> {
    return this.#inForce;
  }

  /**
   * Writes what is to be in force from the change `seq` on. Throws where the kernel refuses an entry; nothing has
   * changed then.
   */
  stage(target: ReadonlyMap<string, PolicyValue>, seq: bigint): StagedChange {
    const changes = entryChanges(this.#inForce, target);
    const written: EntryChange[] = [];
    const undo = (): void => {
      for (const { id, from } of written)
        if (from === null) this.#map.delete(this.#keys.toBytes(id));
        else
          this.#map.update(this.#keys.toBytes(id), encodeEntry(this.#layout, { nextSeq: 0n, now: from, next: null }));
    };
    try {
      for (const change of changes) {
        const entry = { nextSeq: seq, now: change.from, next: change.to };
        this.#map.update(this.#keys.toBytes(change.id), encodeEntry(this.#layout, entry));
        written.push(change);
      }
    } catch (error) {
      undo();
      throw error;
    }
    return {
      count: changes.length,
      undo,
      finish: () => {
        this.#inForce = target;
        for (const { id, to } of changes) if (to === null) this.#map.delete(this.#keys.toBytes(id));
      },
    };
  }

  close(): void {
    this.#map.close();
  }
}
