// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountBpfFs } from '@gthulhu/bpf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PinFolder } from './pin-folder.ts';

const root = process.getuid?.() === 0;

describe.skipIf(!root && process.env.CI !== 'true')('a folder of pins', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'gthulhu-folder-'));
    mountBpfFs(dir);
  });
  afterAll(() => {
    execFileSync('umount', [dir]);
    rmdirSync(dir);
  });

  test('is made for its owner only, and has one lock', () => {
    const folder = new PinFolder(join(dir, 'a', 'b'));
    expect(folder.names()).toEqual([]);
    expect(folder.prepare()).toBe(false);
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    expect([folder.lock(), folder.lock()]).toEqual([true, true]);
    const other = new PinFolder(folder.path);
    expect(other.lock()).toBe(false);
    folder.unlock();
    expect(other.lock()).toBe(true);
    other.unlock();
    expect([folder.unpin(), folder.remove('link_ops')]).toEqual([[], false]);
  });

  test('is none where nothing can be pinned: files with such names stay', () => {
    const plain = mkdtempSync(join(tmpdir(), 'gthulhu-plain-'));
    for (const name of ['map_x', 'prog_x', 'link_ops']) writeFileSync(join(plain, name), 'keep me');
    const folder = new PinFolder(plain);
    expect(() => folder.names()).toThrow(
      /is no folder of pins \(not on a bpf file system\); nothing was removed; name a folder of its own below/,
    );
    expect(() => folder.unpin()).toThrow(/nothing was removed/);
    expect(readdirSync(plain)).toHaveLength(3);
    rmSync(plain, { recursive: true });
  });

  test('is none where others pin: at the root of a bpf file system', () => {
    chmodSync(dir, 0o700);
    const folder = new PinFolder(dir);
    expect(() => folder.unpin()).toThrow(
      /\(the root of a bpf file system, where others pin too\); nothing was removed/,
    );
    expect(() => folder.prepare()).toThrow(/is the root of a bpf file system, .*; name a folder of its own/);
  });

  test('has no folders for pins, and keeps those of a folder that is open to others', () => {
    const folder = new PinFolder(join(dir, 'mixed'));
    folder.prepare();
    mkdirSync(join(folder.path, 'map_dir'));
    expect([folder.names(), folder.unpin()]).toEqual([[], []]);
    // Any object will do, also a symlink: it has a name of ours.
    symlinkSync('nowhere', join(folder.path, 'map_x'));
    chmodSync(folder.path, 0o755);
    const other = new PinFolder(folder.path);
    expect(() => other.unpin()).toThrow(/is open to others \(owner 0, mode 755\), .*nothing was removed/);
    expect(other.names()).toEqual(['map_x']);
    // Who has pinned there knows what is there.
    expect(folder.unpin()).toEqual(['map_x']);
  });

  test('is refused where others may write, and where nothing can be pinned', () => {
    const open = new PinFolder(join(dir, 'open'));
    open.prepare();
    chmodSync(open.path, 0o755);
    expect(() => open.prepare()).toThrow(/open to others \(owner 0, mode 755\)/);
    const plain = mkdtempSync(join(tmpdir(), 'gthulhu-plain-'));
    expect(() => new PinFolder(plain).prepare()).toThrow(/not lie on a bpf file system/);
    expect(readdirSync(plain)).toEqual([]);
    rmdirSync(plain);
  });
});
