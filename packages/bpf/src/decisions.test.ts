// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Decisions, openDecisions } from './decisions.ts';
import { type Globals, type GlobalsInfo, openGlobals } from './globals.ts';
import type { StructLayout } from './layout.ts';
import type { BpfObject } from './object.ts';
import { describeBpf } from './testing/bpf-suite.ts';
import { failure } from './testing/failure.ts';
import { loadBasics } from './testing/test-objects.ts';

const FIELDS = ['gen', 'delta', 'pid', 'half', 'signed_half', 'byte', 'signed_byte'];
const I64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

describeBpf('decisions', () => {
  let object: BpfObject;
  let info: GlobalsInfo;
  let bss: Globals;
  let layout: StructLayout;
  const opened: Decisions[] = [];

  beforeAll(() => {
    object = loadBasics();
    info = object.globals('.bss');
    bss = openGlobals(info);
    layout = object.layout('decision');
  });
  afterAll(() => {
    for (const decisions of opened) decisions.close();
    object.close();
  });

  function open(columns: string[], capacity = 64): Decisions {
    const decisions = openDecisions(object.programFd('apply'), info, 'decisions', layout, columns, capacity);
    opened.push(decisions);
    return decisions;
  }

  /** What the kernel finds in the field of a row. */
  function stored(row: number, field: string): bigint {
    const { offset, size, signed } = layout.fields[field];
    const bytes = new Uint8Array(8);
    bytes.set(bss.bytes('decisions').subarray(row * layout.size + offset, row * layout.size + offset + size));
    const raw = new DataView(bytes.buffer).getBigUint64(0, true);
    return signed ? BigInt.asIntN(size * 8, raw) : raw;
  }

  test('the program gets the rows and their number', () => {
    const { columns, apply } = open(['pid', 'key']);
    for (let i = 0; i < 64; i++) {
      columns.pid[i] = i;
      columns.key[i] = 1e15 + i;
    }
    expect([apply(0), apply(1), apply(64)]).toEqual([0, 1, 64]);
    columns.pid[3] = -1;
    expect(apply(10)).toBe(9);
    expect(stored(63, 'key')).toBe(10n ** 15n + 63n);
  });

  test('only the rows that are applied are written', () => {
    const { columns, encode } = open(['gen']);
    columns.gen.fill(1);
    encode(64);
    columns.gen.fill(2);
    encode(3);
    expect([stored(2, 'gen'), stored(3, 'gen')]).toEqual([2n, 1n]);
  });

  test.each<[number, ...bigint[]]>([
    // value            gen u64         delta s64       pid s32         u16     s16      u8    s8
    [0, 0n, 0n, 0n, 0n, 0n, 0n, 0n],
    [-0, 0n, 0n, 0n, 0n, 0n, 0n, 0n],
    [1.9, 1n, 1n, 1n, 1n, 1n, 1n, 1n],
    [-1.9, 0n, -1n, -1n, 0n, -1n, 0n, -1n],
    [-0.9, 0n, 0n, 0n, 0n, 0n, 0n, 0n],
    [127, 127n, 127n, 127n, 127n, 127n, 127n, 127n],
    [128, 128n, 128n, 128n, 128n, 128n, 128n, 127n],
    [-128, 0n, -128n, -128n, 0n, -128n, 0n, -128n],
    [-129, 0n, -129n, -129n, 0n, -129n, 0n, -128n],
    [256, 256n, 256n, 256n, 256n, 256n, 255n, 127n],
    [32768, 32768n, 32768n, 32768n, 32768n, 32767n, 255n, 127n],
    [65536, 65536n, 65536n, 65536n, 65535n, 32767n, 255n, 127n],
    [-32769, 0n, -32769n, -32769n, 0n, -32768n, 0n, -128n],
    [2 ** 31, 2n ** 31n, 2n ** 31n, 2n ** 31n - 1n, 65535n, 32767n, 255n, 127n],
    [-(2 ** 31) - 1, 0n, -(2n ** 31n) - 1n, -(2n ** 31n), 0n, -32768n, 0n, -128n],
    [2 ** 53, 2n ** 53n, 2n ** 53n, 2n ** 31n - 1n, 65535n, 32767n, 255n, 127n],
    [2 ** 63, 2n ** 63n, I64.max, 2n ** 31n - 1n, 65535n, 32767n, 255n, 127n],
    [-(2 ** 63), 0n, I64.min, -(2n ** 31n), 0n, -32768n, 0n, -128n],
    [2 ** 63 + 2 ** 60, 2n ** 63n + 2n ** 60n, I64.max, 2n ** 31n - 1n, 65535n, 32767n, 255n, 127n],
    [2 ** 64, 2n ** 64n - 1n, I64.max, 2n ** 31n - 1n, 65535n, 32767n, 255n, 127n],
    [1e300, 2n ** 64n - 1n, I64.max, 2n ** 31n - 1n, 65535n, 32767n, 255n, 127n],
    [-1e300, 0n, I64.min, -(2n ** 31n), 0n, -32768n, 0n, -128n],
    [Number.POSITIVE_INFINITY, 2n ** 64n - 1n, I64.max, 2n ** 31n - 1n, 65535n, 32767n, 255n, 127n],
    [Number.NEGATIVE_INFINITY, 0n, I64.min, -(2n ** 31n), 0n, -32768n, 0n, -128n],
    [Number.NaN, 0n, 0n, 0n, 0n, 0n, 0n, 0n],
    [5e-324, 0n, 0n, 0n, 0n, 0n, 0n, 0n],
  ])('%d is cut to what each field can hold', (value, ...expected) => {
    const { columns, encode } = open(FIELDS);
    // Several rows, so that a vectorized loop and its remainder are both seen.
    for (const field of FIELDS) columns[field].fill(value, 0, 37);
    encode(37);
    for (const row of [0, 17, 36]) expect(FIELDS.map((field) => stored(row, field))).toEqual(expected);
  });

  test('what does not exist or fit is refused', () => {
    const { apply, encode } = open(['pid'], 8);
    for (const n of [-1, 9, 1.5, Number.NaN, '3', undefined, null, {}])
      for (const call of [apply, encode]) expect(failure(() => call(n as number)).code).toBe('ERR_BPF_ARGUMENT');
    const program = object.programFd('apply');
    const cases: [number, GlobalsInfo, string, StructLayout, string[], number][] = [
      [object.programFd('on_exec'), info, 'decisions', layout, ['pid'], 8],
      [object.map('ring').info.fd, info, 'decisions', layout, ['pid'], 8],
      [-1, info, 'decisions', layout, ['pid'], 8],
      [program, info, 'nowhere', layout, ['pid'], 8],
      [program, info, 'decisions', layout, ['nope'], 8],
      [program, info, 'decisions', layout, ['pid'], 65],
      [program, info, 'counter', layout, ['pid'], 1],
      [program, info, 'decisions', { ...layout, size: 8 }, ['pid'], 8],
      [program, { ...info, fd: object.map('hash').info.fd }, 'decisions', layout, ['pid'], 8],
      [
        program,
        object.globals('.rodata'),
        'ro_text',
        { size: 8, fields: { pid: { offset: 0, size: 4, signed: true, count: 1 } } },
        ['pid'],
        1,
      ],
      [
        program,
        { ...info, vars: { decisions: { ...info.vars.decisions, offset: 2 ** 30 } } },
        'decisions',
        layout,
        ['pid'],
        8,
      ],
      [
        program,
        { ...info, vars: { decisions: { ...info.vars.decisions, size: 2 ** 40 } } },
        'decisions',
        layout,
        ['pid'],
        1000,
      ],
    ];
    for (const args of cases)
      expect(failure(() => openDecisions(...args)).code).toMatch(/ERR_BPF_(ARGUMENT|NOT_FOUND)/);
  });

  test('closed is closed', () => {
    const decisions = open(['pid']);
    decisions.close();
    decisions.close();
    expect(failure(() => decisions.apply(1)).code).toBe('ERR_BPF_CLOSED');
    expect(failure(() => decisions.encode(1)).code).toBe('ERR_BPF_CLOSED');
  });
});
