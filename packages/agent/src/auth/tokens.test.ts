// SPDX-License-Identifier: Apache-2.0
import { NODE_API_AUDIENCE, SCOPES } from '@gthulhu/contracts';
import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { edwardsKey, publicPem, rsaKey } from './testing-keys.fixture.ts';
import { createTokens, type Tokens } from './tokens.ts';

const [edwards, rsa, foreign] = [edwardsKey('one'), rsaKey('two'), edwardsKey('one')];
const START_MS = Date.UTC(2026, 0, 1);
let nowMs: number;
let tokens: Tokens;
beforeEach(() => {
  nowMs = START_MS;
  tokens = createTokens({ current: edwards, all: [edwards, rsa], rsa }, 3_600, () => nowMs);
});

/** A token as the agent makes them, but for what is changed. */
const forged = ({ header = {}, claims = {} }: { header?: object; claims?: object }) =>
  new SignJWT({
    client_id: 'x',
    scope: SCOPES.join(' '),
    iss: 'gthulhu-agent',
    sub: 'x',
    aud: NODE_API_AUDIENCE,
    iat: START_MS / 1_000,
    nbf: START_MS / 1_000,
    exp: START_MS / 1_000 + 60,
    ...claims,
  }).setProtectedHeader({ alg: 'EdDSA', kid: 'one', typ: 'at+jwt', ...header });

test.each([edwards, rsa])('a token signed by a key of the server is good: $algorithm', async (key) => {
  const issuer = createTokens({ current: key, all: [key], rsa: null }, 3_600, () => nowMs);
  const { token, expires } = await issuer.issue('x', ['strategies:read', 'metrics:write']);
  expect(expires).toBe(START_MS / 1_000 + 3_600);
  const caller = await tokens.verify(token);
  expect(caller).toMatchObject({ clientId: 'x', expires });
  expect([...caller.scopes]).toEqual(['strategies:read', 'metrics:write']);
});

test('what is forged is as good as what is not: the tests below change one thing each', async () => {
  expect((await tokens.verify(await forged({}).sign(edwards.privateKey))).clientId).toBe('x');
});

describe('refused', () => {
  test('after its time, also when it was good before', async () => {
    const { token } = await tokens.issue('x', SCOPES);
    await tokens.verify(token);
    nowMs += 3_599_000;
    await tokens.verify(token);
    nowMs += 1_000;
    await expect(tokens.verify(token)).rejects.toThrow('it has expired');
  });

  test('before its time, also when it was good after', async () => {
    const token = await forged({ claims: { nbf: START_MS / 1_000 + 10 } }).sign(edwards.privateKey);
    await expect(tokens.verify(token)).rejects.toThrow('it is not valid yet');
    nowMs += 20_000;
    await tokens.verify(token);
    nowMs -= 20_000;
    await expect(tokens.verify(token)).rejects.toThrow('it is not valid yet');
  });

  test.each<[string, object, object, RegExp]>([
    ['another audience', {}, { aud: 'other' }, /another audience/],
    ['another issuer', {}, { iss: 'other' }, /claim iss/],
    ['no expiry', {}, { exp: undefined }, /claim exp/],
    ['no scope', {}, { scope: undefined }, /claim scope/],
    ['an assertion instead', { typ: 'JWT' }, {}, /claim typ/],
    ['a key that is unknown', { kid: 'three' }, {}, /not one of this server/],
    ['no key named', { kid: undefined }, {}, /not one of this server/],
    ['the name of another kind of key', { kid: 'two' }, {}, /not that of its key/],
  ])('%s', async (_, header, claims, reason) => {
    const token = await forged({ header, claims }).sign(edwards.privateKey);
    await expect(tokens.verify(token)).rejects.toThrow(reason);
  });

  test('a signature of another key', async () => {
    await expect(tokens.verify(await forged({}).sign(foreign.privateKey))).rejects.toThrow('not signed by the key');
  });

  test('alg none', async () => {
    const claims = decodeJwt(await forged({}).sign(edwards.privateKey));
    const none = new UnsecuredJWT(claims).encode();
    await expect(tokens.verify(none)).rejects.toThrow(/algorithm|signed/);
    const header = Buffer.from(JSON.stringify({ alg: 'none', kid: 'one', typ: 'at+jwt' })).toString('base64url');
    await expect(tokens.verify(`${header}.${none.split('.')[1]}.`)).rejects.toThrow(/algorithm|signed/);
  });

  test.each([edwards, rsa])('a public key taken for a shared secret: $algorithm', async ({ id, publicKey }) => {
    const secret = Buffer.from(publicPem(publicKey));
    const token = await forged({ header: { alg: 'HS256', kid: id } }).sign(secret);
    await expect(tokens.verify(token)).rejects.toThrow(/algorithm/);
  });

  test.each(['PS256', 'RS512'])('another algorithm with the RSA key: %s', async (alg) => {
    const token = await forged({ header: { alg, kid: 'two' } }).sign(rsa.privateKey);
    await expect(tokens.verify(token)).rejects.toThrow(/algorithm/);
  });

  test('what was changed after it was signed', async () => {
    const [header, , signature] = (await forged({}).sign(edwards.privateKey)).split('.');
    const payload = Buffer.from(JSON.stringify({ sub: 'root' })).toString('base64url');
    await expect(tokens.verify(`${header}.${payload}.${signature}`)).rejects.toThrow('not signed by the key');
  });

  test.each(['', 'x', 'a.b.c', '..', 'e30.e30.e30', '\u0000'.repeat(100)])('%j', async (token) => {
    await expect(tokens.verify(token)).rejects.toThrow();
  });
});
