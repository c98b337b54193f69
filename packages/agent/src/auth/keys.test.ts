// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStateFolder, type StateFolder } from '../state/state-folder.ts';
import { readClientKey } from './client-keys.ts';
import { checkShownKey } from './legacy-public-key.ts';
import { openSigningKeys } from './signing-keys.ts';
import { publicPem, rsaKey } from './testing-keys.fixture.ts';

let path: string;
let folder: StateFolder;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'gthulhu-keys.')), 'state');
  folder = openStateFolder(path);
});
afterEach(() => rmSync(join(path, '..'), { recursive: true }));

const MODERN = { algorithm: 'EdDSA', legacyPublicKey: false } as const;
const isRoot = process.getuid?.() === 0;

describe('keys that sign', () => {
  test('are made once, for nobody else to read, and are the same afterwards', () => {
    const made: string[] = [];
    const first = openSigningKeys(folder, MODERN, (file) => made.push(file));
    expect(made).toEqual([folder.file('tokenKey')]);
    expect(statSync(folder.file('tokenKey')).mode & 0o777).toBe(0o600);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(openSigningKeys(folder, MODERN, (file) => made.push(file)).current.id).toBe(first.current.id);
    expect(made).toHaveLength(1);
    expect(existsSync(folder.file('rsaTokenKey'))).toBe(false);
  });

  test('are different in each folder: there is no default', () => {
    const other = openStateFolder(join(path, '../other'));
    expect(openSigningKeys(folder, MODERN, () => {}).current.id).not.toBe(
      openSigningKeys(other, MODERN, () => {}).current.id,
    );
  });

  test('of both kinds check tokens, the one that is asked for signs them', () => {
    openSigningKeys(folder, MODERN, () => {});
    const both = openSigningKeys(folder, { algorithm: 'RS256', legacyPublicKey: false }, () => {});
    expect(both.current.algorithm).toBe('RS256');
    expect(both.all.map(({ algorithm }) => algorithm)).toEqual(['EdDSA', 'RS256']);
    expect(openSigningKeys(folder, MODERN, () => {}).all).toHaveLength(2);
  });

  test('have their public half beside them, also after they were replaced', () => {
    const legacy = { algorithm: 'EdDSA', legacyPublicKey: true } as const;
    const { rsa } = openSigningKeys(folder, legacy, () => {});
    const pem = readFileSync(folder.file('rsaPublicKey'), 'utf8');
    expect(() => checkShownKey(pem, rsa!)).not.toThrow();
    rmSync(folder.file('rsaTokenKey'));
    const next = openSigningKeys(folder, legacy, () => {}).rsa!;
    expect(() => checkShownKey(pem, next)).toThrow('it is not the public key of this server');
    expect(() => checkShownKey(readFileSync(folder.file('rsaPublicKey'), 'utf8'), next)).not.toThrow();
  });

  test.each([0o640, 0o604, 0o660, 0o666, 0o644, 0o620])('with mode %o are refused', (mode) => {
    openSigningKeys(folder, MODERN, () => {});
    chmodSync(folder.file('tokenKey'), mode);
    expect(() => openSigningKeys(folder, MODERN, () => {})).toThrow(
      /token-ed25519\.key has mode 0\d+, which lets others in/,
    );
  });

  test.skipIf(!isRoot)('of another user are refused', () => {
    openSigningKeys(folder, MODERN, () => {});
    chownSync(folder.file('tokenKey'), 12_345, 12_345);
    expect(() => openSigningKeys(folder, MODERN, () => {})).toThrow(/belongs to user 12345, and this is user 0/);
  });

  test('are not read through a link', () => {
    openSigningKeys(folder, MODERN, () => {});
    renameSync(folder.file('tokenKey'), join(path, 'elsewhere'));
    symlinkSync(join(path, 'elsewhere'), folder.file('tokenKey'));
    expect(() => openSigningKeys(folder, MODERN, () => {})).toThrow(/cannot be read: ELOOP/);
  });

  test.each<[string, string, RegExp]>([
    ['nothing', '', /is not a private key in PEM/],
    ['rubbish', 'x'.repeat(100), /is not a private key in PEM/],
    ['too much', 'x'.repeat(20_000), /has 20000 bytes/],
    ['an RSA key', rsaKey().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), /is no key for EdDSA/],
  ])('with %s in them are refused, not replaced', (_, text, reason) => {
    writeFileSync(folder.file('tokenKey'), text, { mode: 0o600 });
    expect(() => openSigningKeys(folder, MODERN, () => {})).toThrow(reason);
    expect(readFileSync(folder.file('tokenKey'), 'utf8')).toBe(text);
  });
});

describe('the state folder', () => {
  test.each([0o750, 0o705, 0o777])('with mode %o is refused', (mode) => {
    chmodSync(path, mode);
    expect(() => openStateFolder(path)).toThrow(/has mode 0\d+, which lets others in: chmod 0700 it/);
  });
  test('with a loose folder of clients is refused', () => {
    chmodSync(folder.file('clientFolder'), 0o777);
    expect(() => openStateFolder(path)).toThrow(/clients has mode 0777/);
  });
  test.skipIf(!isRoot)('of another user is refused', () => {
    chownSync(path, 12_345, 12_345);
    expect(() => openStateFolder(path)).toThrow(/belongs to user 12345/);
  });
  test('is a folder, and absolute', () => {
    expect(() => openStateFolder('state')).toThrow(/must be an absolute path/);
    writeFileSync(join(path, 'file'), '');
    expect(() => openStateFolder(join(path, 'file'))).toThrow(/file cannot be made|is not a folder/);
    expect(() => openStateFolder(join(path, 'file/below'))).toThrow(/cannot be made/);
  });
});

describe('keys of clients', () => {
  const register = (id: string, text: string, mode = 0o644): void => {
    writeFileSync(join(folder.file('clientFolder'), `${id}.pem`), text);
    chmodSync(join(folder.file('clientFolder'), `${id}.pem`), mode);
  };
  const pemOf = (options: { kind: 'ed25519' } | { kind: 'rsa'; bits: number } | { kind: 'ec' }): string => {
    if (options.kind === 'ed25519') return publicPem(generateKeyPairSync('ed25519').privateKey);
    if (options.kind === 'ec') return publicPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    return publicPem(generateKeyPairSync('rsa', { modulusLength: options.bits }).privateKey);
  };
  const read = (id: string) => readClientKey(folder.file('clientFolder'), id);

  test('of both kinds are read when they are asked for, and are gone when they are removed', () => {
    expect(read('a')).toBeNull();
    register('a', pemOf({ kind: 'ed25519' }));
    register('b', pemOf({ kind: 'rsa', bits: 2_048 }));
    expect([read('a')?.algorithm, read('b')?.algorithm]).toEqual(['EdDSA', 'RS256']);
    rmSync(join(folder.file('clientFolder'), 'a.pem'));
    expect(read('a')).toBeNull();
  });

  test.each(['../token', 'a/b', '', '.', '..', '.hidden', 'a\u0000b', 'x'.repeat(65), 'a b'])(
    'no file is named by %j',
    (id) => {
      expect(read(id)).toBeNull();
    },
  );

  test.each<[string, () => void, RegExp]>([
    ['that others may write', () => register('a', pemOf({ kind: 'ed25519' }), 0o666), /mode 0666/],
    ['of a short RSA key', () => register('a', pemOf({ kind: 'rsa', bits: 1_024 })), /neither Ed25519 nor RSA/],
    ['of a curve that is not taken', () => register('a', pemOf({ kind: 'ec' })), /neither Ed25519 nor RSA/],
    [
      'that is private',
      () => register('a', rsaKey().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
      /is a private one/,
    ],
    ['that is no key', () => register('a', 'x'), /./],
  ])('one %s is refused', (_, prepare, reason) => {
    prepare();
    expect(() => read('a')).toThrow(reason);
  });
});
