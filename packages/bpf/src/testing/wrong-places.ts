// SPDX-License-Identifier: Apache-2.0
import { native } from '../addon.ts';
import type { BpfObject } from '../index.ts';
import type { Complaints } from './complaints.ts';
import { testObject } from './test-objects.ts';

/** Places outside of records and sections, past the checks of the TypeScript side. */
export function wrongPlaces(complaints: Complaints, object: BpfObject): void {
  const ring = object.maps().find(({ name }) => name === 'ring')?.fd as number;
  const bss = object.globals('.bss');
  const apply = object.programFd('apply');
  const column = new Float64Array(new SharedArrayBuffer(64));
  const own = new Float64Array(8);
  const plans: [number[], Float64Array[], number][] = [
    [[52, 8, 0, 1], [column], 8],
    [[56, 1, 0, 1], [column], 8],
    [[2 ** 32 - 8, 8, 0, 1], [column], 8],
    [[0, 8, 0, 8], [column], 1],
    [[0, 3, 0, 1], [column], 8],
    [[0, 0, 0, 1], [column], 8],
    [[0, 8, 0, 0], [column], 8],
    [[0, 8, 2, 1], [column], 8],
    [[0, 8, 0], [column], 8],
    [[0, 8, 0, 1], [column], 9],
    [[0, 8, 0, 4], [column], 4],
    [[0, 8, 0, 1], [own], 8],
    [[0, 8, 0, 1], [new Float32Array(8) as unknown as Float64Array], 8],
    [[], [], 8],
  ];
  for (const [i, [plan, arrays, capacity]] of plans.entries()) {
    complaints.expectThrow(`ring plan ${i}`, () => native.openRing(ring, 56, plan, arrays, capacity));
    complaints.expectThrow(`plan ${i}`, () => native.openDecisions(apply, bss.fd, 0, 40, plan, arrays, capacity));
  }
  complaints.expectThrow('record > ring', () => native.openRing(ring, 65_537, [0, 8, 0, 1], [column], 8));
  for (const offset of [bss.size - 40 * 8 + 1, bss.size, 2 ** 31])
    complaints.expectThrow('rows', () => native.openDecisions(apply, bss.fd, offset, 40, [0, 8, 0, 1], [column], 8));
  const globals = native.openGlobals(bss.fd);
  for (const offset of [bss.size - 7, bss.size + 8, 2 ** 32 - 1]) {
    complaints.expectThrow('read', () => native.readGlobal(globals, offset, 8, false));
    complaints.expectThrow('write', () => native.writeMapped(globals, offset, new Uint8Array(8)));
    complaints.expectThrow('copy', () => native.copyGlobal(globals, offset, 8));
  }
  native.close(globals);
  const fresh = native.openObject(testObject('basics'));
  for (const offset of [bss.size - 7, bss.size, 2 ** 31])
    complaints.expectThrow('initial', () => native.writeGlobal(fresh, '.bss', offset, new Uint8Array(8)));
  complaints.expectThrow('initial', () => native.writeGlobal(fresh, 'hash', 0, new Uint8Array(8)));
  native.close(fresh);
}
