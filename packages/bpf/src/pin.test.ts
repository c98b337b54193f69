// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openGlobals } from './globals.ts';
import { mapInfo, openMap } from './map.ts';
import { globalsOfMap, openMapTypes } from './map-types.ts';
import type { BpfObject } from './object.ts';
import { attachTracing, isBpfFs, lockFolder, mountBpfFs, openPin, pin } from './pin.ts';
import { openSyscallProgram, progInfo } from './program.ts';
import { openRing } from './ring.ts';
import { describeBpf } from './testing/bpf-suite.ts';
import { i32, readI32 } from './testing/bytes.ts';
import { failure } from './testing/failure.ts';
import { loadBasics, producer } from './testing/test-objects.ts';

describeBpf('pins', () => {
  let object: BpfObject;
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'gthulhu-pins-'));
    mountBpfFs(dir);
    object = loadBasics();
  });
  afterAll(() => {
    object.close();
    execFileSync('umount', [dir]);
    rmdirSync(dir);
  });

  test('the file system is there', () => {
    expect([isBpfFs(dir), isBpfFs('/tmp')]).toEqual([true, false]);
    expect(failure(() => isBpfFs('/nonexistent')).code).toBe('ERR_BPF_NOT_FOUND');
    expect(failure(() => mountBpfFs('/nonexistent'))).toMatchObject({ code: 'ERR_BPF_SYS', errno: 2 });
  });

  test('a map lives on without its object', () => {
    const other = loadBasics();
    const path = join(dir, 'map');
    pin(other.map('hash').info.fd, path);
    other.map('hash').update(i32(1), i32(7, 8));
    other.close();
    const opened = openPin(path);
    expect(opened.kind).toBe('map');
    expect(mapInfo(opened.fd)).toMatchObject({ name: 'hash', type: 'BPF_MAP_TYPE_HASH', keySize: 4, valueSize: 8 });
    const map = openMap(opened.fd);
    opened.close();
    opened.close();
    expect(readI32(map.lookup(i32(1)) as Uint8Array)).toEqual([7, 8]);
    map.close();
    rmSync(path);
    expect(failure(() => openPin(path)).code).toBe('ERR_BPF_NOT_FOUND');
  });

  test('a program and the ring that it fills', () => {
    const other = loadBasics();
    pin(other.programFd('produce'), join(dir, 'prog'));
    pin(other.map('ring').info.fd, join(dir, 'ring'));
    const id = progInfo(other.programFd('produce')).id;
    producer(other)({ n: 3 });
    const layout = other.layout('record');
    const argsLayout = other.layout('produce_args');
    other.close();
    const program = openPin(join(dir, 'prog'));
    expect(program.kind).toBe('prog');
    expect(progInfo(program.fd)).toEqual({ name: 'produce', typeId: 31, id });
    const run = openSyscallProgram(program.fd, argsLayout);
    const args = new Uint8Array(argsLayout.size);
    args[0] = 2;
    expect(run.run(args)).toBe(2);
    // Where the reader before stood is part of the ring.
    const ringPin = openPin(join(dir, 'ring'));
    const ring = openRing(ringPin.fd, layout, ['tail'], 64);
    expect(ring.drain()).toBe(5);
    ring.close();
    const again = openRing(ringPin.fd, layout, ['tail'], 64);
    expect(again.drain()).toBe(0);
    for (const opened of [again, run, program, ringPin]) opened.close();
    for (const name of ['prog', 'ring']) rmSync(join(dir, name));
  });

  test('a link: attached until its last name and descriptor are gone', () => {
    const other = loadBasics();
    const link = attachTracing(other.programFd('on_exec'));
    expect(link.fd).toBeGreaterThan(2);
    link.pin(join(dir, 'link'));
    pin(link.fd, join(dir, 'link2'));
    link.detach();
    expect(failure(() => link.fd).code).toBe('ERR_BPF_CLOSED');
    const bss = openGlobals(other.globals('.bss'));
    const execs = (): number => {
      const before = bss.readNumber('execs');
      execFileSync('true');
      return bss.readNumber('execs') - before;
    };
    expect(execs()).toBeGreaterThan(0);
    rmSync(join(dir, 'link'));
    const opened = openPin(join(dir, 'link2'));
    expect(opened.kind).toBe('link');
    rmSync(join(dir, 'link2'));
    expect(execs()).toBeGreaterThan(0);
    opened.close();
    expect(execs()).toBe(0);
    bss.close();
    other.close();
  });

  test('type information and variables of a pinned section', () => {
    const path = join(dir, 'bss');
    pin(object.globals('.bss').fd, path);
    const opened = openPin(path);
    const types = openMapTypes(opened.fd);
    expect(types.layout('record')).toEqual(object.layout('record'));
    expect(types.layout('decision')).toEqual(object.layout('decision'));
    expect(types.variables('.bss')).toEqual(object.variables('.bss'));
    expect(types.variables('.rodata')).toEqual(object.variables('.rodata'));
    expect(types.variables('.nothing')).toEqual({});
    expect(failure(() => types.layout('nothing')).code).toBe('ERR_BPF_NOT_FOUND');
    types.close();
    expect(failure(() => types.layout('record')).code).toBe('ERR_BPF_CLOSED');
    const info = globalsOfMap(opened.fd, '.bss');
    expect(info).toEqual({ ...object.globals('.bss'), fd: opened.fd });
    const mine = openGlobals(info);
    const theirs = openGlobals(object.globals('.bss'));
    theirs.write('counter', 12345);
    expect(mine.readNumber('counter')).toBe(12345);
    for (const globals of [mine, theirs]) globals.close();
    opened.close();
    rmSync(path);
  });

  test('what cannot be pinned, opened or attached says so', () => {
    const map = object.map('hash').info.fd;
    expect(failure(() => pin(0, join(dir, 'x'))).message).toMatch(/no map, program or link/);
    expect(failure(() => pin(map, '/tmp/gthulhu-nowhere'))).toMatchObject({ code: 'ERR_BPF_PERMISSION' });
    expect(failure(() => pin(map, join(dir, 'a.b'))).message).toMatch(/cannot pin the map/);
    pin(map, join(dir, 'twice'));
    expect(failure(() => pin(map, join(dir, 'twice')))).toMatchObject({ code: 'ERR_BPF_SYS', errno: 17 });
    rmSync(join(dir, 'twice'));
    expect(failure(() => openPin('/etc/passwd')).code).toMatch(/ERR_BPF_(SYS|PERMISSION)/);
    expect(failure(() => openPin(dir)).code).toMatch(/ERR_BPF_(SYS|PERMISSION)/);
    expect(failure(() => attachTracing(object.programFd('apply'))).message).toMatch(/no SEC\("tp_btf"\)/);
    expect(failure(() => attachTracing(map)).code).toBe('ERR_BPF_ARGUMENT');
    expect(failure(() => openMapTypes(object.programFd('apply'))).code).toBe('ERR_BPF_ARGUMENT');
    expect(failure(() => openMapTypes(map + 10_000)).code).toBe('ERR_BPF_ARGUMENT');
    // The kernel's own two.
    expect(readdirSync(dir)).toEqual(['maps.debug', 'progs.debug']);
  });

  test('a folder has one lock, and it ends with its process', async () => {
    const lock = lockFolder(dir);
    expect(lock).not.toBeNull();
    expect(lockFolder(dir)).toBeNull();
    lock?.close();
    lock?.close();
    const source = `import { lockFolder } from ${JSON.stringify(fileURLToPath(new URL('pin.ts', import.meta.url)))};
      // Held, or the garbage collector may end it.
      globalThis.held = lockFolder(${JSON.stringify(dir)});
      console.log(globalThis.held !== null); setInterval(() => globalThis.held, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))));
    expect(said).toBe('true\n');
    expect(lockFolder(dir)).toBeNull();
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
    const again = lockFolder(dir);
    expect(again).not.toBeNull();
    again?.close();
    expect(failure(() => lockFolder('/etc/passwd'))).toMatchObject({ code: 'ERR_BPF_SYS', errno: 20 });
    expect(existsSync(dir)).toBe(true);
  });
});
