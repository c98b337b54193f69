// SPDX-License-Identifier: Apache-2.0
import { native } from './addon.ts';

export interface MapInfo {
  readonly name: string;
  /** such as BPF_MAP_TYPE_RINGBUF */
  readonly type: string;
  readonly typeId: number;
  /** -1 before load() */
  readonly fd: number;
  /** bytes */
  readonly keySize: number;
  /** bytes, of one CPU */
  readonly valueSize: number;
  readonly maxEntries: number;
}

/**
 * A map through bpf(2). Keys and values are raw bytes of exactly keySize and valueSize. The key of a task storage map
 * is a pidfd as int32, that of a cgroup storage map a cgroup directory's descriptor. Errors: ERR_BPF_MAP with errno.
 */
export interface BpfMap {
  readonly info: MapInfo;
  /** null where the key is not there */
  lookup(key: Uint8Array): Uint8Array | null;
  /** one value for each possible CPU, for per-CPU maps only */
  lookupPerCpu(key: Uint8Array): Uint8Array[] | null;
  /** A per-CPU map takes one value for all CPUs or, each rounded up to 8 bytes, all values in a row. flags: BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2 */
  update(key: Uint8Array, value: Uint8Array, flags?: number): void;
  /** false where the key was not there */
  delete(key: Uint8Array): boolean;
  /** A snapshot; keys deleted by others meanwhile may appear twice or hide others. Storage maps cannot list. */
  keys(): Uint8Array[];
  close(): void;
}

/** Opens a map by any descriptor of it, also one from another thread; the descriptor is duplicated. */
export function openMap(fd: number): BpfMap {
  return wrapMap(native.mapInfo(fd));
}

/** What the kernel says about the map behind a descriptor; the name is cut to 15 bytes there. */
export function mapInfo(fd: number): MapInfo {
  return native.mapInfo(fd);
}

export function wrapMap(given: MapInfo): BpfMap {
  const handle = native.openMap(given.fd);
  const info: MapInfo = Object.freeze({ ...given });
  const step = Math.ceil(info.valueSize / 8) * 8;
  return {
    info,
    lookup: (key) => native.lookup(handle, key, false),
    lookupPerCpu: (key) => {
      const all = native.lookup(handle, key, true);
      return (
        all && Array.from({ length: all.length / step }, (_, cpu) => all.slice(cpu * step, cpu * step + info.valueSize))
      );
    },
    update: (key, value, flags = 0) => native.update(handle, key, value, flags),
    delete: (key) => native.deleteKey(handle, key),
    keys: () => {
      const all = native.keys(handle);
      return Array.from({ length: all.length / info.keySize }, (_, i) =>
        all.slice(i * info.keySize, (i + 1) * info.keySize),
      );
    },
    close: () => native.close(handle),
  };
}
