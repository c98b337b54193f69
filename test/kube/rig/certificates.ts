// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate and its key, by their files. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

const newKey = (key: string): string[] => [
  ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key],
];

export function makeAuthority(folder: string, name: string): Pair {
  const pair = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const usage = ['-addext', 'keyUsage=critical,keyCertSign,digitalSignature'];
  openssl(
    'req',
    '-x509',
    ...newKey(pair.key),
    '-subj',
    `/CN=${name}`,
    '-days',
    '30',
    ...usage,
    '-out',
    pair.certificate,
  );
  return pair;
}

export interface Leaf {
  readonly name: string;
  readonly commonName: string;
  /** Group of the user that it stands for. */
  readonly organisation?: string;
  /** Names it serves under, `IP:127.0.0.1,DNS:localhost`; without any it is a client's. */
  readonly names?: string;
  readonly days?: number;
}

export function makeLeaf(folder: string, authority: Pair, leaf: Leaf): Pair {
  const pair = { certificate: join(folder, `${leaf.name}.crt`), key: join(folder, `${leaf.name}.key`) };
  const subject = `${leaf.organisation === undefined ? '' : `/O=${leaf.organisation}`}/CN=${leaf.commonName}`;
  openssl(
    ...['req', '-x509', '-CA', authority.certificate, '-CAkey', authority.key, ...newKey(pair.key), '-subj', subject],
    ...['-days', String(leaf.days ?? 2), '-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', `extendedKeyUsage=clientAuth${leaf.names === undefined ? '' : ',serverAuth'}`],
    ...(leaf.names === undefined ? [] : ['-addext', `subjectAltName=${leaf.names}`]),
    ...['-out', pair.certificate],
  );
  return pair;
}

/** The key that service account tokens are signed with; `certificate` is the public key. */
export function makeTokenKey(folder: string): Pair {
  const pair = { certificate: join(folder, 'tokens.pub'), key: join(folder, 'tokens.key') };
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(pair.key, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  writeFileSync(pair.certificate, publicKey.export({ type: 'spki', format: 'pem' }));
  return pair;
}
