// SPDX-License-Identifier: Apache-2.0
import { openMap, openMapTypes, openPin, sys } from '@gthulhu/bpf';

/** What a task is scheduled by. */
export interface TaskPolicy {
  readonly priority: number;
  readonly sliceNs: number;
  /** When it was queued by it for the first time, since boot. */
  readonly sinceNs: number;
}

/** Looks into the pinned map of tasks of the scheduler in force. */
export function openTaskPolicy(
  pid: number,
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
        priority: view.getUint32(fields.priority.offset, true),
        sliceNs: Number(view.getBigUint64(fields.slice_ns.offset, true)),
        sinceNs: Number(view.getBigUint64(fields.policy_since_ns.offset, true)),
      };
    },
    close() {
      sys.closeFd(pidfd);
      map.close();
      pin.close();
    },
  };
}
