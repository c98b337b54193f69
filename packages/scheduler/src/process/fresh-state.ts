// SPDX-License-Identifier: Apache-2.0
/** What ran before is forgotten: an object that was in force, as if it had just been loaded. Nothing of it may be attached. */
import { openGlobals, openRing } from '@gthulhu/bpf';
import type { LoadedObject } from './pinned-object.ts';

/** Rows of one look into a ring, and looks: twice what the larger ring holds. */
const DISCARD_ROWS = 512;
const DISCARD_ROUNDS = 16;
/** Filled by user space and by tasks. Not the timers: the programs start those anew. */
const TABLES = ['cgroup_policies', 'unit_policies', 'known_commands'];
const MASKS = 'mask_table';

function discard(object: LoadedObject, map: string, record: string, field: string): void {
  const opened = object.map(map);
  const ring = openRing(opened.info.fd, object.layout(record), [field], DISCARD_ROWS);
  try {
    for (let round = 0; round < DISCARD_ROUNDS && ring.drain() > 0; round++);
  } finally {
    ring.close();
    opened.close();
  }
}

/** What was asked or told before is answered by nobody. */
export function discardRings(object: LoadedObject): void {
  discard(object, 'asked', 'task_record', 'pid');
  discard(object, 'commands', 'task_event', 'pid');
}

/** Tasks' own state is cleared by the program that is told of each task when it is attached. */
export function forgetAll(object: LoadedObject): void {
  discardRings(object);
  for (const name of TABLES) {
    const map = object.map(name);
    for (const key of map.keys()) map.delete(key);
    map.close();
  }
  const masks = object.map(MASKS);
  masks.update(new Uint8Array(masks.info.keySize), new Uint8Array(masks.info.valueSize));
  masks.close();
  const bss = openGlobals(object.globals('.bss'));
  try {
    for (const [name, { size }] of Object.entries(object.variables('.bss'))) bss.write(name, new Uint8Array(size));
  } finally {
    bss.close();
  }
}
