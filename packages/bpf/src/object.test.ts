// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BpfError } from './errors.ts';
import { openGlobals } from './globals.ts';
import type { LogLevel } from './log.ts';
import { openObject } from './object.ts';
import { openSyscallProgram } from './program.ts';
import { describeBpf } from './testing/bpf-suite.ts';
import { failure } from './testing/failure.ts';
import { loadBasics, testObject } from './testing/test-objects.ts';

describeBpf('opening a file', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'gthulhu-bpf-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  test.each([
    ['a missing file', '/nonexistent/x.bpf.o', /cannot open .*ENOENT/],
    ['a directory', '/', /regular file/],
    ['a device', '/dev/zero', /regular file/],
    ['a program for this machine', '/bin/true', /no BPF object/],
    ['text', '/etc/passwd', /no ELF file/],
  ])('%s is refused', (_, path, message) => {
    expect(failure(() => openObject(path))).toMatchObject({
      code: 'ERR_BPF_OPEN',
      message: expect.stringMatching(message),
    });
  });

  test('an empty and an oversized file are refused', () => {
    const path = join(dir, 'size.o');
    writeFileSync(path, '');
    expect(failure(() => openObject(path)).code).toBe('ERR_BPF_OPEN');
    truncateSync(path, 64 * 1024 * 1024 + 1);
    expect(failure(() => openObject(path)).message).toMatch(/64 MiB/);
  });

  test('every truncation of an object is refused', () => {
    const whole = readFileSync(testObject('basics'));
    const path = join(dir, 'cut.o');
    for (let length = 1; length < whole.length; length += 97) {
      writeFileSync(path, whole.subarray(0, length));
      expect(failure(() => openObject(path)).code).toBe('ERR_BPF_OPEN');
    }
  });

  test('damaged bytes end in an object or an error, never in a crash', () => {
    const whole = readFileSync(testObject('basics'));
    const path = join(dir, 'damaged.o');
    let state = 12345;
    const next = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state >>> 8;
    };
    for (let i = 0; i < 150; i++) {
      const bytes = Buffer.from(whole);
      for (let k = 0; k < 3; k++) bytes[next() % bytes.length] = next() & 255;
      writeFileSync(path, bytes);
      try {
        const object = openObject(path);
        object.maps();
        object.close();
      } catch (error) {
        expect(error).toBeInstanceOf(BpfError);
      }
    }
  });
});

describeBpf('before load', () => {
  test('read-only globals reach the program; sizes of maps are set', () => {
    const object = openObject(testObject('basics'));
    object.setGlobal('ro_number', 1234);
    object.setGlobal('ro_signed', -5n);
    object.setGlobal('ro_text', new TextEncoder().encode('xyz\0\0\0\0\0'));
    object.setGlobal('data_at_load', 77);
    object.setGlobal('flag', true);
    object.setMapMaxEntries('hash', 99);
    object.load();
    expect(openSyscallProgram(object.programFd('no_context'), { size: 0, fields: {} }).run()).toBe(-1234);
    const rodata = openGlobals(object.globals('.rodata'));
    expect([rodata.readNumber('ro_number'), rodata.readBigInt('ro_signed')]).toEqual([1234, -5n]);
    expect(Buffer.from(rodata.bytes('ro_text')).toString()).toBe('xyz\0\0\0\0\0');
    expect(openGlobals(object.globals('.data')).readNumber('data_at_load')).toBe(77);
    expect(openGlobals(object.globals('.bss')).readNumber('flag')).toBe(1);
    expect(object.map('hash').info.maxEntries).toBe(99);
    object.close();
  });

  test('what does not fit or does not exist is refused', () => {
    const object = openObject(testObject('basics'));
    expect(failure(() => object.setGlobal('ro_number', 2 ** 32)).message).toMatch(/ro_number.*0\.\.4294967295/);
    expect(failure(() => object.setGlobal('no_such', 1)).code).toBe('ERR_BPF_NOT_FOUND');
    expect(failure(() => object.setGlobal('hidden', 1)).code).toBe('ERR_BPF_NOT_FOUND');
    expect(failure(() => object.setMapMaxEntries('no_such', 1)).code).toBe('ERR_BPF_NOT_FOUND');
    expect(failure(() => object.programFd('produce')).message).toMatch(/load\(\)/);
    expect(failure(() => object.map('hash')).message).toMatch(/load\(\)/);
    expect(failure(() => object.globals('.bss')).message).toMatch(/load\(\)/);
    expect(failure(() => object.attachProgram('on_exec')).code).toBe('ERR_BPF_ATTACH');
    object.close();
  });
});

describeBpf('loading', () => {
  test("a refused program brings the verifier's words along", () => {
    const object = openObject(testObject('refused'));
    const error = failure(() => object.load());
    expect(error).toMatchObject({ code: 'ERR_BPF_LOAD', errno: 13 });
    expect(error.message).toMatch(/out_of_bounds/);
    expect(error.verifierLog).toMatch(/invalid access to map value, value_size=32 off=32/);
    expect(error.verifierLog?.length).toBeGreaterThan(60_000);
    expect(error.verifierLog?.length).toBeLessThanOrEqual(65_536);
    expect(failure(() => object.load()).message).toMatch(/has failed to load/);
    expect(failure(() => object.maps()[0]?.fd === -1 && object.map('store')).code).toBe('ERR_BPF_MAP');
    object.close();
  });

  test('after load: only once, and only .data and .bss can be set', () => {
    const object = loadBasics();
    expect(failure(() => object.load()).message).toMatch(/already loaded/);
    expect(failure(() => object.setGlobal('ro_number', 1)).message).toMatch(/read-only/);
    expect(failure(() => object.setMapMaxEntries('hash', 5)).message).toMatch(/before load/);
    object.setGlobal('data_number', 2n ** 63n);
    expect(openGlobals(object.globals('.data')).readBigInt('data_number')).toBe(2n ** 63n);
    object.close();
    object.close();
    expect(failure(() => object.maps()).code).toBe('ERR_BPF_CLOSED');
    expect(failure(() => object.setGlobal('counter', 1)).code).toBe('ERR_BPF_CLOSED');
  });

  test('maps come in the order of the file with names and types', () => {
    const object = loadBasics();
    const maps = object.maps();
    expect(maps.slice(0, 3).map(({ name, type }) => [name, type])).toEqual([
      ['ring', 'BPF_MAP_TYPE_RINGBUF'],
      ['small_ring', 'BPF_MAP_TYPE_RINGBUF'],
      ['hash', 'BPF_MAP_TYPE_HASH'],
    ]);
    expect(maps.find(({ name }) => name === 'hash')).toMatchObject({
      typeId: 1,
      keySize: 4,
      valueSize: 8,
      maxEntries: 16,
    });
    expect(maps.every(({ fd }) => fd > 2)).toBe(true);
    object.close();
  });

  test('layouts: nested members by path, arrays with their count, no bit fields', () => {
    const object = openObject(testObject('basics'));
    const { size, fields } = object.layout('record');
    expect(size).toBe(56);
    expect(fields.signed_half).toEqual({ offset: 26, size: 2, signed: true, count: 1 });
    expect(fields.comm).toEqual({ offset: 30, size: 1, signed: true, count: 6 });
    expect(fields['where.y']).toEqual({ offset: 40, size: 4, signed: true, count: 1 });
    expect(Object.keys(fields)).not.toContain('flag_a');
    expect(failure(() => object.layout('nowhere')).code).toBe('ERR_BPF_NOT_FOUND');
    object.close();
  });

  test('onLog hears libbpf', () => {
    const lines: [LogLevel, string][] = [];
    const object = openObject(testObject('basics'), { onLog: (level, line) => lines.push([level, line]) });
    const opened = lines.length;
    object.load();
    expect(opened).toBeGreaterThan(0);
    expect(lines.length).toBeGreaterThan(opened);
    expect(lines.some(([level, line]) => level === 'debug' && line.includes('small_ring'))).toBe(true);
    object.close();
  });
});

describeBpf('attaching', () => {
  test('a tracing program sees what happens until it is detached', () => {
    const object = loadBasics();
    const bss = openGlobals(object.globals('.bss'));
    const link = object.attachProgram('on_exec');
    expect(link.fd).toBeGreaterThan(2);
    execFileSync('true');
    const seen = bss.readNumber('execs');
    expect(seen).toBeGreaterThan(0);
    link.detach();
    link.detach();
    const after = bss.readNumber('execs');
    execFileSync('true');
    expect(bss.readNumber('execs')).toBe(after);
    expect(failure(() => link.fd).code).toBe('ERR_BPF_CLOSED');
    expect(failure(() => link.pin('/sys/fs/bpf/x')).code).toBe('ERR_BPF_CLOSED');
    object.close();
  });

  test('a link lives on when its object is closed', () => {
    const object = loadBasics();
    const info = object.globals('.bss');
    const bss = openGlobals(info);
    const link = object.attachProgram('on_exec');
    object.close();
    const before = bss.readNumber('execs');
    execFileSync('true');
    expect(bss.readNumber('execs')).toBeGreaterThan(before);
    link.detach();
    bss.close();
  });

  test('what has no target is refused', () => {
    const object = loadBasics();
    expect(failure(() => object.attachProgram('apply')).code).toBe('ERR_BPF_ATTACH');
    expect(failure(() => object.attachProgram('nothing')).code).toBe('ERR_BPF_NOT_FOUND');
    expect(failure(() => object.attach('hash')).code).toBe('ERR_BPF_NOT_FOUND');
    const link = object.attachProgram('on_exec');
    expect(failure(() => link.pin('/proc/gthulhu')).message).toMatch(/cannot pin/);
    link.detach();
    object.close();
  });
});
