// SPDX-License-Identifier: Apache-2.0
import type { BpfMap, StructLayout } from '@gthulhu/bpf';
import type { PolicyValue } from './policy-entries.ts';
import { NO_PRIORITY } from './records.ts';

/** A name as the kernel has it: 16 bytes, zeros behind it. */
export type NameWords = readonly [number, number, number, number];

/** What a name alone decides. */
export type NamePolicy = PolicyValue | null | 'exempt';

/** Struct command_name, command_entry. */
export interface CommandLayouts {
  readonly name: StructLayout;
  readonly entry: StructLayout;
}

/**
 * The kernel's map of command names whose policy is known, so that it need not tell of every exec. Entries never change:
 * other rules are another version. Where the map is full, all are forgotten and the next ones are learnt anew.
 */
export class KnownCommands {
  readonly #map: BpfMap;
  readonly #layouts: CommandLayouts;
  readonly #setVersion: (version: number) => void;
  readonly #written = new Set<string>();
  #version: number;

  /** @param version the last one that the kernel has been told, by this process or an earlier one */
  constructor(map: BpfMap, layouts: CommandLayouts, version: number, setVersion: (version: number) => void) {
    this.#map = map;
    this.#layouts = layouts;
    this.#version = version;
    this.#setVersion = setVersion;
  }

  /** What is known is known no more, before this returns. */
  forget(): void {
    // 0 is none.
    this.#version = (this.#version % 0xffff_ffff) + 1;
    this.#setVersion(this.#version);
    this.#written.clear();
    for (const key of this.#map.keys()) this.#map.delete(key);
  }

  learn(words: NameWords, policy: NamePolicy): void {
    const id = words.join();
    if (this.#written.has(id)) return;
    if (this.#written.size >= this.#map.info.maxEntries) this.forget();
    this.#map.update(this.#key(words), this.#entry(policy));
    this.#written.add(id);
  }

  close(): void {
    this.#map.close();
  }

  #key(words: NameWords): Uint8Array {
    const { size, fields } = this.#layouts.name;
    const view = new DataView(new ArrayBuffer(size));
    for (const [i, word] of words.entries()) view.setUint32(fields[`word_${i}`].offset, word, true);
    view.setUint32(fields.version.offset, this.#version, true);
    return new Uint8Array(view.buffer);
  }

  #entry(policy: NamePolicy): Uint8Array {
    const { size, fields } = this.#layouts.entry;
    const view = new DataView(new ArrayBuffer(size));
    const at = (field: string): number => fields[`policy.${field}`].offset;
    const given = policy === 'exempt' ? null : policy;
    view.setBigUint64(at('slice_ns'), BigInt(given?.sliceNs ?? 0), true);
    view.setUint32(at('rank'), given?.rank ?? 0, true);
    view.setUint32(at('priority'), given?.priority ?? NO_PRIORITY, true);
    view.setUint32(at('cpus'), given?.cpus ?? 0, true);
    view.setUint32(at('strategy'), given?.strategy ?? 0, true);
    view.setUint32(fields.exempt.offset, Number(policy === 'exempt'), true);
    return new Uint8Array(view.buffer);
  }
}
