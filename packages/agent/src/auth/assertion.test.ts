// SPDX-License-Identifier: Apache-2.0
import { NODE_API_AUDIENCE } from '@gthulhu/contracts';
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { verifyAssertion } from './assertion.ts';
import type { ClientKey } from './client-keys.ts';
import { edwardsKey, publicPem, registered, rsaKey } from './testing-keys.fixture.ts';

const NOW = Date.UTC(2026, 0, 1) / 1_000;
const [edwards, rsa, foreign] = [edwardsKey(), rsaKey(), edwardsKey()];
const clients: Readonly<Record<string, ClientKey>> = { node: registered(edwards), old: registered(rsa) };

function doors() {
  const used = new Set<string>();
  return {
    now: () => NOW * 1_000,
    keyOf: (id: string) => (Object.hasOwn(clients, id) ? clients[id] : null),
    useOnce: (id: string, jti: string) => !used.has(`${id} ${jti}`) && used.add(`${id} ${jti}`).size > 0,
  };
}

const GOOD = { iss: 'node', sub: 'node', aud: NODE_API_AUDIENCE, jti: '1', iat: NOW, exp: NOW + 60 };
const assertion = (claims: object = {}, alg = 'EdDSA') =>
  new SignJWT({ ...GOOD, ...claims }).setProtectedHeader({ alg });

test('a registered client is who they say, with either kind of key', async () => {
  expect(await verifyAssertion(await assertion().sign(edwards.privateKey), doors())).toBe('node');
  const old = await assertion({ iss: 'old', sub: 'old' }, 'RS256').sign(rsa.privateKey);
  expect(await verifyAssertion(old, doors())).toBe('old');
});

test('clocks may be 30 s apart', async () => {
  const behind = await assertion({ iat: NOW - 89, exp: NOW - 29 }).sign(edwards.privateKey);
  expect(await verifyAssertion(behind, doors())).toBe('node');
  const ahead = await assertion({ iat: NOW + 29, nbf: NOW + 29, exp: NOW + 329 }).sign(edwards.privateKey);
  expect(await verifyAssertion(ahead, doors())).toBe('node');
});

describe('refused', () => {
  test('the second time', async () => {
    const once = doors();
    const text = await assertion().sign(edwards.privateKey);
    await verifyAssertion(text, once);
    await expect(verifyAssertion(text, once)).rejects.toThrow('it was used before: its jti is good once');
  });

  test.each<[string, object, RegExp]>([
    ['expired', { iat: NOW - 100, exp: NOW - 31 }, /has expired/],
    ['early', { iat: NOW + 31, exp: NOW + 60 }, /not valid yet/],
    ['early by nbf', { nbf: NOW + 31 }, /not valid yet/],
    ['valid for too long', { exp: NOW + 301 }, /valid for more than 300 s/],
    ['made long ago for long', { iat: NOW - 400, exp: NOW + 60 }, /valid for more than 300 s/],
    ['for another audience', { aud: 'https://elsewhere' }, /another audience/],
    ['without an audience', { aud: undefined }, /aud/],
    ['without an id', { jti: undefined }, /jti/],
    ['with an endless id', { jti: 'x'.repeat(129) }, /jti must have 1 to 128/],
    ['with an id that is no text', { jti: 7 }, /jti/],
    ['without an end', { exp: undefined }, /exp/],
    ['without a beginning', { iat: undefined }, /iat/],
    ['about somebody else', { sub: 'root' }, /sub/],
    ['of somebody who is not registered', { iss: 'nobody', sub: 'nobody' }, /not signed by the registered key/],
    ['of a name out of an object', { iss: 'constructor', sub: 'constructor' }, /not signed by the registered key/],
    ['without an issuer', { iss: undefined }, /names its issuer/],
    ['of an issuer that is no text', { iss: 7 }, /names its issuer/],
  ])('%s', async (_, claims, reason) => {
    await expect(verifyAssertion(await assertion(claims).sign(edwards.privateKey), doors())).rejects.toThrow(reason);
  });

  test('signed by another key, in the words for an unknown client', async () => {
    const text = await assertion().sign(foreign.privateKey);
    await expect(verifyAssertion(text, doors())).rejects.toThrow(/not signed by the registered key/);
  });

  test('alg none', async () => {
    await expect(verifyAssertion(new UnsecuredJWT(GOOD).encode(), doors())).rejects.toThrow();
  });

  test('the registered public key taken for a shared secret', async () => {
    const secret = Buffer.from(publicPem(edwards.publicKey));
    await expect(verifyAssertion(await assertion({}, 'HS256').sign(secret), doors())).rejects.toThrow(/algorithm/);
  });

  test('an algorithm that is not that of the registered key', async () => {
    const text = await assertion({}, 'RS256').sign(rsa.privateKey);
    await expect(verifyAssertion(text, doors())).rejects.toThrow(/algorithm/);
  });
});
