// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Globals, type GlobalsInfo, openGlobals } from './globals.ts';
import type { BpfObject } from './object.ts';
import { openSyscallProgram } from './program.ts';
import { describeBpf } from './testing/bpf-suite.ts';
import { i32 } from './testing/bytes.ts';
import { failure } from './testing/failure.ts';
import { loadBasics } from './testing/test-objects.ts';

describeBpf('globals', () => {
  let object: BpfObject;
  let info: GlobalsInfo;
  let bss: Globals;
  beforeAll(() => {
    object = loadBasics();
    info = object.globals('.bss');
    bss = openGlobals(info);
  });
  afterAll(() => object.close());

  test('numbers of every kind are written and read', () => {
    bss.write('counter', 2n ** 64n - 1n);
    expect([bss.readBigInt('counter'), bss.readNumber('counter')]).toEqual([2n ** 64n - 1n, 2 ** 64]);
    bss.write('signed_counter', -7);
    expect([bss.readBigInt('signed_counter'), bss.readNumber('signed_counter')]).toEqual([-7n, -7]);
    bss.write('flag', true);
    expect(bss.readNumber('flag')).toBe(1);
    for (let i = 0; i < 4; i++) bss.write('halves', 1000 + i, i);
    expect([0, 1, 2, 3].map((i) => bss.readNumber('halves', i))).toEqual([1000, 1001, 1002, 1003]);
    bss.write('origin', i32(3, -4));
    expect(bss.bytes('origin')).toEqual(i32(3, -4));
  });

  test('the kernel sees what is written, and its writes are seen', () => {
    bss.write('counter', 100);
    const layout = object.layout('apply_args');
    const ctx = new Uint8Array(layout.size);
    ctx[0] = 5;
    openSyscallProgram(object.programFd('apply'), layout).run(ctx);
    expect(bss.readNumber('counter')).toBe(105);
  });

  test('bytes() is a copy', () => {
    bss.write('signed_counter', 1);
    const copy = bss.bytes('signed_counter');
    bss.write('signed_counter', 2);
    expect(copy).toEqual(i32(1));
    copy[0] = 99;
    expect(bss.readNumber('signed_counter')).toBe(2);
  });

  test('two mappings are one memory, and the object may be closed', () => {
    const other = loadBasics();
    const cloned = structuredClone(other.globals('.bss'));
    const [a, b] = [openGlobals(cloned), openGlobals(cloned)];
    other.close();
    a.write('counter', 77);
    expect(b.readNumber('counter')).toBe(77);
    a.close();
    a.close();
    expect(failure(() => a.readNumber('counter')).code).toBe('ERR_BPF_CLOSED');
    expect(b.readNumber('counter')).toBe(77);
  });

  test('constants can be read, not written', () => {
    const rodata = openGlobals(object.globals('.rodata'));
    expect(rodata.readNumber('ro_number')).toBe(7);
    expect(failure(() => rodata.write('ro_number', 8)).message).toMatch(/read-only/);
  });

  test('static variables have no place and are not listed', () => {
    expect(Object.keys(object.globals('.data').vars).sort()).toEqual(['data_at_load', 'data_number']);
  });

  test.each<[string, (globals: Globals) => unknown]>([
    ['an unknown name', (g) => g.readNumber('nope')],
    ['a name from Object', (g) => g.readNumber('constructor')],
    ['a struct as a number', (g) => g.readNumber('origin')],
    ['an element behind the last', (g) => g.readNumber('halves', 4)],
    ['a negative element', (g) => g.readNumber('halves', -1)],
    ['half an element', (g) => g.readNumber('halves', 0.5)],
    ['a number that does not fit', (g) => g.write('halves', 65536)],
    ['a fraction', (g) => g.write('counter', 0.5)],
    ['too few bytes', (g) => g.write('origin', i32(1))],
    ['text', (g) => g.write('counter', 'x' as unknown as number)],
  ])('%s is refused', (_, use) => {
    expect(failure(() => use(bss)).code).toMatch(/ERR_BPF_(ARGUMENT|NOT_FOUND)/);
  });

  test('places that lie are refused', () => {
    const lie = (change: object): Globals =>
      openGlobals({
        ...info,
        vars: { x: { offset: 0, size: 8, elementSize: 8, signed: false, scalar: true, ...change } },
      });
    for (const change of [
      { offset: info.size },
      { offset: info.size - 4 },
      { offset: -8 },
      { offset: 2 ** 40 },
      { offset: Number.NaN },
      { size: 12 },
      { elementSize: 0 },
      { elementSize: '8' },
    ])
      expect(failure(() => lie(change).readNumber('x')).code).toBe('ERR_BPF_ARGUMENT');
    expect(failure(() => lie({ size: 16, elementSize: 16 }).readNumber('x')).code).toBe('ERR_BPF_ARGUMENT');
    expect(failure(() => lie({ size: 2 ** 30, elementSize: 1 }).bytes('x')).code).toBe('ERR_BPF_ARGUMENT');
    expect(failure(() => openGlobals({ ...info, fd: object.map('hash').info.fd })).message).toMatch(/cannot be mapped/);
    expect(failure(() => openGlobals({ ...info, fd: 1 })).code).toBe('ERR_BPF_ARGUMENT');
  });
});
