// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kernel } from './kernel.ts';
import { openMap } from './map.ts';
import type { BpfObject } from './object.ts';
import { sys } from './sys.ts';
import { describeBpf } from './testing/bpf-suite.ts';
import { i32, readI32, u64 } from './testing/bytes.ts';
import { failure } from './testing/failure.ts';
import { loadBasics } from './testing/test-objects.ts';

/** Where cgroup v2 is mounted. */
function cgroupRoot(): string {
  const line = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find((mount) => mount.split(' ')[2] === 'cgroup2');
  if (!line) throw new Error('no cgroup2 file system is mounted');
  return line.split(' ')[1] as string;
}

describeBpf('maps', () => {
  let object: BpfObject;
  beforeAll(() => {
    object = loadBasics();
  });
  afterAll(() => object.close());

  test('hash: update, look up, list, delete', () => {
    const map = object.map('hash');
    expect(map.lookup(i32(1))).toBeNull();
    map.update(i32(1), i32(10, -10));
    map.update(i32(2), i32(20, -20), 1);
    expect(readI32(map.lookup(i32(1)) as Uint8Array)).toEqual([10, -10]);
    expect(
      map
        .keys()
        .map((key) => readI32(key)[0])
        .sort(),
    ).toEqual([1, 2]);
    expect(failure(() => map.update(i32(2), i32(0, 0), 1))).toMatchObject({ code: 'ERR_BPF_MAP', errno: 17 });
    expect([map.delete(i32(1)), map.delete(i32(1))]).toEqual([true, false]);
    expect(map.keys()).toHaveLength(1);
    map.delete(i32(2));
    expect(map.keys()).toEqual([]);
    // A deletion that works after one that found nothing.
    map.update(i32(3), i32(0, 0));
    expect([map.delete(i32(4)), map.delete(i32(3))]).toEqual([false, true]);
  });

  test('a full hash says so', () => {
    const map = object.map('hash');
    for (let i = 0; i < 16; i++) map.update(i32(i), i32(i, i));
    expect(failure(() => map.update(i32(16), i32(0, 0)))).toMatchObject({ code: 'ERR_BPF_MAP', errno: 7 });
    expect(map.keys()).toHaveLength(16);
    for (let i = 0; i < 16; i++) map.delete(i32(i));
  });

  test('array', () => {
    const map = object.map('array');
    map.update(i32(3), u64(2n ** 63n));
    expect(map.lookup(i32(3))).toEqual(u64(2n ** 63n));
    expect(map.lookup(i32(4))).toBeNull();
    expect(map.keys().map((key) => readI32(key)[0])).toEqual([0, 1, 2, 3]);
    expect(failure(() => map.delete(i32(0))).code).toBe('ERR_BPF_MAP');
  });

  test('per-CPU: one value for all, or each CPU its own', () => {
    const map = object.map('percpu');
    const cpus = kernel.possibleCpus();
    map.update(i32(0), i32(1, 2, 3));
    expect(map.lookupPerCpu(i32(0))?.map(readI32)).toEqual(Array.from({ length: cpus }, () => [1, 2, 3]));
    const own = new Uint8Array(16 * cpus);
    for (let cpu = 0; cpu < cpus; cpu++) own.set(i32(cpu, cpu * 2, cpu * 3), cpu * 16);
    map.update(i32(1), own);
    expect(map.lookupPerCpu(i32(1))?.map(readI32)).toEqual(
      Array.from({ length: cpus }, (_, cpu) => [cpu, cpu * 2, cpu * 3]),
    );
    expect(failure(() => map.lookup(i32(0))).message).toMatch(/lookupPerCpu/);
    expect(failure(() => object.map('hash').lookupPerCpu(i32(0))).message).toMatch(/use lookup/);
    const hash = object.map('percpu_hash');
    expect(hash.lookupPerCpu(i32(5))).toBeNull();
    hash.update(i32(5), i32(9));
    expect(hash.lookupPerCpu(i32(5))?.map(readI32)).toEqual(Array.from({ length: cpus }, () => [9]));
  });

  test('LRU and queue', () => {
    const lru = object.map('lru');
    for (let i = 0; i < 1000; i++) lru.update(u64(i), i32(i));
    expect(lru.keys().length).toBeLessThanOrEqual(64);
    const queue = object.map('queue');
    const none = new Uint8Array(0);
    expect(queue.lookup(none)).toBeNull();
    queue.update(none, i32(42));
    expect(readI32(queue.lookup(none) as Uint8Array)).toEqual([42]);
    expect(failure(() => queue.keys()).message).toMatch(/no keys/);
  });

  test('a ring buffer is not for looking up', () => {
    const ring = object.map('ring');
    expect(failure(() => ring.lookup(new Uint8Array(0))).code).toBe('ERR_BPF_MAP');
    expect(failure(() => ring.update(new Uint8Array(0), new Uint8Array(0))).code).toBe('ERR_BPF_MAP');
  });

  test('task storage by pidfd', async () => {
    const map = object.map('task_storage');
    const link = object.attachProgram('on_exec');
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const exited = new Promise((resolve) => child.on('exit', resolve));
    const pid = child.pid as number;
    const pidfd = sys.pidfdOpen(pid);
    try {
      while (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'sleep\n') execFileSync('true');
      expect(readI32(map.lookup(i32(pidfd)) as Uint8Array)).toEqual([pid, pid]);
      map.update(i32(pidfd), i32(1, 2));
      expect(readI32(map.lookup(i32(pidfd)) as Uint8Array)).toEqual([1, 2]);
      expect([map.delete(i32(pidfd)), map.delete(i32(pidfd))]).toEqual([true, false]);
      expect(map.lookup(i32(pidfd))).toBeNull();
      expect(failure(() => map.keys())).toMatchObject({
        code: 'ERR_BPF_MAP',
        message: expect.stringMatching(/cannot list/),
      });
      expect(failure(() => map.lookup(i32(-1)))).toMatchObject({ errno: 9, message: expect.stringMatching(/pidfd/) });
    } finally {
      child.kill('SIGKILL');
      await exited;
      sys.closeFd(pidfd);
      link.detach();
    }
  });

  test("cgroup storage by the directory's descriptor", () => {
    const dir = `${cgroupRoot()}/gthulhu-addon-test`;
    if (!existsSync(dir)) mkdirSync(dir);
    const fd = openSync(dir, 'r');
    try {
      const map = object.map('cgrp_storage');
      expect(map.lookup(i32(fd))).toBeNull();
      map.update(i32(fd), u64(123n));
      expect(map.lookup(i32(fd))).toEqual(u64(123n));
      expect(map.delete(i32(fd))).toBe(true);
    } finally {
      closeSync(fd);
      rmdirSync(dir);
    }
  });

  test('sizes of keys and values are checked', () => {
    const map = object.map('hash');
    const right = i32(1);
    for (const key of [new Uint8Array(0), new Uint8Array(3), new Uint8Array(5), new Uint8Array(4096)]) {
      expect(failure(() => map.lookup(key)).message).toMatch(/key of map hash has 4 bytes/);
      expect(failure(() => map.delete(key)).code).toBe('ERR_BPF_ARGUMENT');
      expect(failure(() => map.update(key, i32(1, 1))).code).toBe('ERR_BPF_ARGUMENT');
    }
    expect(failure(() => map.update(right, i32(1))).message).toMatch(/value of map hash has 8 bytes, got 4/);
    const gone = new Uint8Array(4);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(failure(() => map.lookup(gone)).code).toBe('ERR_BPF_ARGUMENT');
  });

  test('a map by its descriptor, also when the object is closed', () => {
    const other = loadBasics();
    const map = openMap(other.map('array').info.fd);
    expect(map.info).toMatchObject({
      name: 'array',
      type: 'BPF_MAP_TYPE_ARRAY',
      keySize: 4,
      valueSize: 8,
      maxEntries: 4,
    });
    other.close();
    map.update(i32(0), u64(1n));
    expect(map.lookup(i32(0))).toEqual(u64(1n));
    map.close();
    map.close();
    expect(failure(() => map.lookup(i32(0))).code).toBe('ERR_BPF_CLOSED');
    for (const fd of [0, -1, 2.5, 99999, object.programFd('apply')])
      expect(failure(() => openMap(fd)).code).toBe('ERR_BPF_ARGUMENT');
  });
});
