// SPDX-License-Identifier: Apache-2.0
import { nameText } from './cgroup-tree.ts';
import { openEventRing } from './event-ring.ts';

export interface CgroupEvent {
  readonly kind: 'mkdir' | 'rmdir';
  readonly id: string;
  readonly parentId: string;
  /** Empty when the kernel could not tell. */
  readonly name: string;
}

/** What comes and goes, as it happens. */
export interface CgroupEvents {
  /** True when something has come, false after `timeoutMs`, one second at most. */
  wait(timeoutMs: number): Promise<boolean>;
  /** All that has come since the last time, in order. */
  drain(): CgroupEvent[];
  /** How many there was no room for, since the start. */
  readonly lost: number;
  /** Ends wait(). */
  close(): void;
}

const MKDIR = 1;
/** Records that are taken out of the ring at once. */
const ROWS = 128;

/** A number of 64 bits from its two words, as text. */
export function idText(low: number, high: number): string {
  return high === 0 ? `${low}` : ((BigInt(high) << 32n) | BigInt(low)).toString();
}

function wordsText(words: Float64Array, from: number, bytes: number): string {
  const buffer = new Uint8Array(Math.ceil(bytes / 4) * 4);
  const view = new DataView(buffer.buffer);
  for (let at = 0; at < buffer.length; at += 4) view.setUint32(at, words[from + at / 4], true);
  return nameText(buffer.subarray(0, bytes));
}

/**
 * Needs CAP_BPF and CAP_PERFMON.
 * @param objectPath of the built bpf/workloads.bpf.c
 * @throws BpfError
 */
export function openCgroupEvents(objectPath: string): CgroupEvents {
  const events = openEventRing(objectPath, {
    map: 'cgroup_events',
    record: 'cgroup_event',
    columns: ['kind', 'id_low', 'id_high', 'parent_low', 'parent_high', 'name_bytes', 'name'],
    rows: ROWS,
    lost: 'nr_cgroup_events_lost',
    programs: ['on_cgroup_mkdir', 'on_cgroup_rmdir'],
  });
  const { ring } = events;
  const nameWords = events.layout.fields.name.count;

  const event = (row: number): CgroupEvent => {
    const { kind, id_low, id_high, parent_low, parent_high, name_bytes, name } = ring.columns;
    return {
      kind: kind[row] === MKDIR ? 'mkdir' : 'rmdir',
      id: idText(id_low[row], id_high[row]),
      parentId: idText(parent_low[row], parent_high[row]),
      name: wordsText(name, row * nameWords, name_bytes[row]),
    };
  };
  return {
    wait: (timeoutMs) => (events.open ? ring.waitAsync(timeoutMs) : Promise.resolve(false)),
    drain: () => {
      const found: CgroupEvent[] = [];
      if (!events.open) return found;
      for (let n = ring.drain(); n > 0; n = ring.drain()) for (let row = 0; row < n; row++) found.push(event(row));
      return found;
    },
    get lost() {
      return events.lost;
    },
    close: events.close,
  };
}
