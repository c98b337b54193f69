// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmdirSync, statSync } from 'node:fs';
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
