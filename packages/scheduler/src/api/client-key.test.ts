// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientKey, KeyError } from './client-key.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gthulhu-state-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const state = (): string => join(folder, 'state');
const make = (): string =>
  clientKey(state(), 'scheduler.key', 'scheduler').export({ type: 'pkcs8', format: 'pem' }) as string;
const mode = (path: string): number => statSync(join(state(), path)).mode & 0o777;

test('a key of its own is made at first, and registered', () => {
  const key = make();
  expect(key).toBe(readFileSync(join(state(), 'scheduler.key'), 'utf8'));
  expect(createPrivateKey(key).asymmetricKeyType).toBe('ed25519');
  expect(readFileSync(join(state(), 'clients/scheduler.pem'), 'utf8')).toBe(
    createPublicKey(key).export({ type: 'spki', format: 'pem' }),
  );
  expect([mode('.'), mode('clients'), mode('scheduler.key'), mode('clients/scheduler.pem')]).toEqual([
    0o700, 0o700, 0o600, 0o600,
  ]);
  expect(readdirSync(state()).sort()).toEqual(['clients', 'scheduler.key']);
});

test('it stays, and what was registered for another one is replaced', () => {
  const key = make();
  expect(make()).toBe(key);
  const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }) as string;
  writeFileSync(join(state(), 'clients/scheduler.pem'), other);
  expect(make()).toBe(key);
  expect(readFileSync(join(state(), 'clients/scheduler.pem'), 'utf8')).not.toBe(other);
});

test('an RSA key of 2048 bits is taken', () => {
  make();
  const pem = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(join(state(), 'scheduler.key'), pem);
  expect(make()).toBe(pem);
});

test.each([
  ['a key that others can read', () => chmodSync(join(state(), 'scheduler.key'), 0o640), /mode 0640.*chmod 600/],
  ['a folder that others can enter', () => chmodSync(state(), 0o711), /mode 0711.*chmod 700/],
  [
    'a folder of clients that others can enter',
    () => chmodSync(join(state(), 'clients'), 0o755),
    /chmod 700 .*clients/,
  ],
  ['no key', () => writeFileSync(join(state(), 'scheduler.key'), 'hello'), /holds no private key/],
  ['an empty file', () => writeFileSync(join(state(), 'scheduler.key'), ''), /holds no private key/],
  [
    'another kind of key',
    () =>
      writeFileSync(
        join(state(), 'scheduler.key'),
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
      ),
    /neither Ed25519 nor RSA/,
  ],
  [
    'a link',
    () => {
      rmSync(join(state(), 'scheduler.key'));
      symlinkSync('/etc/passwd', join(state(), 'scheduler.key'));
    },
    /cannot be read/,
  ],
])('%s is refused and stays as it is', (_name, spoil, reason) => {
  make();
  spoil();
  expect(make).toThrow(KeyError);
  expect(make).toThrow(reason);
});
