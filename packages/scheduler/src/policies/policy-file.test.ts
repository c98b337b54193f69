// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { policyFileFault, readPolicyFile, readTrustedPolicyFile } from './policy-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'gthulhu-policy-'));
afterAll(() => rmSync(dir, { recursive: true }));
const asRoot = process.getuid?.() === 0;
const NOBODY = 65534;

function file(name: string, text: string | Uint8Array = 'export {}'): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  chmodSync(path, 0o644);
  return path;
}

function folder(name: string, mode = 0o755): string {
  const path = join(dir, name);
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

test('what was read, and its hash', () => {
  expect(readPolicyFile(file('empty.ts', ''))).toEqual({
    file: join(dir, 'empty.ts'),
    text: '',
    sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  });
});

test.each<[string, () => string, RegExp]>([
  ['a file that is not there', () => join(dir, 'none.ts'), /none\.ts cannot be read \(ENOENT\)/],
  ['a directory', () => folder('directory.ts'), /directory\.ts is no regular file/],
  ['bytes that are no text', () => file('bytes.ts', Uint8Array.of(0xff, 0xfe)), /not UTF-8 text/],
  ['too long', () => file('long.ts', ' '.repeat(1024 * 1024 + 1)), /at most 1048576 are read/],
])('%s is refused', (_, path, message) => {
  expect(() => readPolicyFile(path())).toThrow(message);
});

test.runIf(asRoot)("root's file in root's folders may be run", () => {
  expect(policyFileFault(file('good.ts'))).toBeNull();
  expect(readTrustedPolicyFile(join(dir, 'good.ts')).text).toBe('export {}');
});

test.runIf(asRoot).each<[string, () => string, RegExp]>([
  [
    'a file that others may write',
    () => {
      const path = file('loose.ts');
      chmodSync(path, 0o666);
      return path;
    },
    /can be written by others \(mode 666\); remove that: chmod go-w/,
  ],
  [
    'a file of another user',
    () => {
      const path = file('foreign.ts');
      chownSync(path, NOBODY, NOBODY);
      return path;
    },
    /belongs to user 65534/,
  ],
  [
    'a folder that others may write',
    () => {
      folder('open', 0o777);
      return file('open/policy.ts');
    },
    /open can be written by others \(mode 777\)/,
  ],
  [
    'a folder further up',
    () => {
      folder('up', 0o775);
      folder('up/below');
      return file('up/below/policy.ts');
    },
    /up can be written by others \(mode 775\)/,
  ],
  [
    'a folder of another user behind a symlink',
    () => {
      const target = folder('theirs');
      const path = file('theirs/policy.ts');
      chownSync(target, NOBODY, NOBODY);
      symlinkSync(path, join(dir, 'link.ts'));
      return join(dir, 'link.ts');
    },
    /theirs belongs to user 65534/,
  ],
  [
    'a symlink of another user',
    () => {
      const path = join(dir, 'their-link.ts');
      symlinkSync(file('target.ts'), path);
      lchownSync(path, NOBODY, NOBODY);
      return path;
    },
    /their-link\.ts belongs to user 65534/,
  ],
  [
    'a symlink that leads up from a folder of others',
    () => {
      folder('loose', 0o777);
      folder('loose/inner');
      file('loose/inner/../up.ts');
      symlinkSync('loose/inner', join(dir, 'inner'));
      file('up.ts');
      symlinkSync('inner/../up.ts', join(dir, 'up-link.ts'));
      return join(dir, 'up-link.ts');
    },
    /loose can be written by others \(mode 777\)/,
  ],
  [
    'a symlink through a file',
    () => {
      file('plain.ts');
      symlinkSync('plain.ts/../plain.ts', join(dir, 'through.ts'));
      return join(dir, 'through.ts');
    },
    /plain\.ts on the way to \S+through\.ts is no folder/,
  ],
  [
    'a symlink to itself',
    () => {
      symlinkSync('loop.ts', join(dir, 'loop.ts'));
      return join(dir, 'loop.ts');
    },
    /too many symlinks/,
  ],
  ['a directory', () => folder('dir'), /no regular file/],
  ['a file that is not there', () => join(dir, 'none.ts'), /scheduler\.policy must name an existing file/],
])('%s is refused', (_, path, message) => {
  expect(() => readTrustedPolicyFile(path())).toThrow(message);
});

test.runIf(asRoot)("a folder where only owners may remove, as /tmp, and relative symlinks of root's", () => {
  folder('sticky', 0o1777);
  folder('sticky/v1');
  file('sticky/v1/policy.ts');
  symlinkSync('v1', join(dir, 'sticky/..data'));
  symlinkSync('..data/policy.ts', join(dir, 'sticky/policy.ts'));
  expect(policyFileFault(join(dir, 'sticky/policy.ts'))).toBeNull();
});

test.runIf(asRoot)('a symlink that leads up, and back', () => {
  folder('deep');
  folder('deep/er');
  file('deep/policy.ts');
  symlinkSync('deep/er', join(dir, 'er'));
  symlinkSync('./er/../policy.ts', join(dir, 'back.ts'));
  symlinkSync(join(dir, 'back.ts'), join(dir, 'absolute.ts'));
  expect(policyFileFault(join(dir, 'absolute.ts'))).toBeNull();
});
