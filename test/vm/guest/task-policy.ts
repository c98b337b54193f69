// SPDX-License-Identifier: Apache-2.0
import { openMap, openMapTypes, openPin, sys } from '@gthulhu/bpf';

export interface TaskPolicy {
  readonly priority: number;
  readonly sliceNs: number;
}

/**
 * Where the kernel has it: `own` is what its command was matched to, in force from the next time on that it is queued;
 * `settled` is what it was queued with, from whatever source.
 */
export type PolicyPlace = 'own' | 'settled';

const FIELDS = {
  own: { priority: 'own.priority', sliceNs: 'own.slice_ns' },
  settled: { priority: 'priority', sliceNs: 'slice_ns' },
} as const;

/** Looks into the pinned map of tasks of the scheduler in force. */
export function openTaskPolicy(
  pid: number,
  place: PolicyPlace,
  pinPath = '/sys/fs/bpf/gthulhu',
): { read(): TaskPolicy | null; close(): void } {
  const pin = openPin(`${pinPath}/map_tasks`);
  const types = openMapTypes(pin.fd);
  const { fields } = types.layout('task_ctx');
  types.close();
  const map = openMap(pin.fd);
  const pidfd = sys.pidfdOpen(pid);
  const key = new Uint8Array(Int32Array.of(pidfd).buffer);
  return {
    read() {
      const bytes = map.lookup(key);
      if (bytes === null) return null;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return {
        priority: view.getUint32(fields[FIELDS[place].priority].offset, true),
        sliceNs: Number(view.getBigUint64(fields[FIELDS[place].sliceNs].offset, true)),
      };
    },
    close() {
      sys.closeFd(pidfd);
      map.close();
      pin.close();
    },
  };
}
