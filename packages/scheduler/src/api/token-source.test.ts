// SPDX-License-Identifier: Apache-2.0
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseEndpoint } from './endpoint.ts';
import { checkAssertion, FakeApi } from './testing/fake-api.ts';
import { createTokenSource, TokenError, type TokenSource, type TokenSourceOptions } from './token-source.ts';
import { createTransport } from './transport.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const publicPem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
const TOKEN_PATH = '/api/v1/auth/token';
/** Seconds that the API takes an assertion's times to be wrong by. */
const LEEWAY = 60;

let api: FakeApi;
let url: string;
beforeEach(async () => {
  api = new FakeApi();
  url = await api.listen();
});
afterEach(() => api.close());

const source = (options: Partial<TokenSourceOptions> = {}): TokenSource =>
  createTokenSource({
    transport: createTransport(parseEndpoint(url, '')),
    credentials: { by: 'key', clientId: 'scheduler', key: privateKey },
    ...options,
  });

/** An API that looks at signature and times, as the real one. */
function checksAssertions(): void {
  api.handlers.set(TOKEN_PATH, (_request, response, body) => {
    const { claims } = checkAssertion(JSON.parse(body).assertion, publicPem);
    const now = api.nowSeconds();
    const good = Number(claims.iat) <= now + LEEWAY && Number(claims.exp) > now - LEEWAY;
    if (good) api.giveToken(response, body);
    else api.json(response, 401, { success: false, error: 'the assertion is not of this time' });
  });
}

test('shows a signed assertion', async () => {
  checksAssertions();
  expect(await source().get()).toBe(api.tokens[0]);
  const { assertion, ...rest } = api.tokenBodies[0];
  expect(rest).toEqual({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' });
  const { header, claims } = checkAssertion(String(assertion), publicPem);
  expect(header.alg).toBe('EdDSA');
  expect(claims).toMatchObject({
    iss: 'scheduler',
    sub: 'scheduler',
    aud: 'gthulhu-node-api',
    jti: expect.any(String),
  });
  expect(Number(claims.exp) - Number(claims.iat)).toBeLessThanOrEqual(300);
});

test('an RSA key signs RS256, and scopes are asked for', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const tokens = source({
    credentials: { by: 'key', clientId: 'cli', key: rsa.privateKey, scopes: ['strategies:read', 'metrics:read'] },
  });
  await tokens.get();
  expect(api.tokenBodies[0].scope).toBe('strategies:read metrics:read');
  const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string;
  expect(checkAssertion(String(api.tokenBodies[0].assertion), pem).header.alg).toBe('RS256');
});

test('no two assertions are the same', async () => {
  const tokens = source();
  tokens.forget(await tokens.get());
  await tokens.get();
  const jtis = api.tokenBodies.map(({ assertion }) => checkAssertion(String(assertion), publicPem).claims.jti);
  expect(new Set(jtis).size).toBe(2);
});

test('clients of 2025 show the public key', async () => {
  await source({ credentials: { by: 'publicKey', pem: publicPem } }).get();
  expect(api.tokenBodies).toEqual([{ public_key: publicPem }]);
});

test('whoever asks meanwhile gets the same token', async () => {
  const tokens = source();
  const got = await Promise.all(Array.from({ length: 50 }, () => tokens.get()));
  expect(new Set(got).size).toBe(1);
  expect(api.tokens).toHaveLength(1);
});

test('it is renewed before it ends', async () => {
  api.lifeSeconds = 100;
  let nowMs = 5_000;
  const tokens = source({ monotonicMs: () => nowMs });
  await tokens.get();
  nowMs += 79_000;
  await tokens.get();
  expect(api.tokens).toHaveLength(1);
  nowMs += 2_000;
  await tokens.get();
  expect(api.tokens).toHaveLength(2);
});

test.each([-10, -1 / 3, 1 / 3, 10])('a clock that is off by %d hours: the time of the API is used', async (hours) => {
  checksAssertions();
  const told: number[] = [];
  const wrong = (): number => Date.now() / 1000 + hours * 3_600;
  const tokens = source({ nowSeconds: wrong, onClockDiffers: (seconds) => told.push(seconds) });
  const token = await tokens.get();
  expect(token).toBe(api.tokens[0]);
  expect(told).toHaveLength(1);
  expect(Math.abs(told[0] + hours * 3_600)).toBeLessThan(30);
  // The next ones are right at once.
  tokens.forget(token);
  await tokens.get();
  expect(api.seen).toHaveLength(3);
  expect(told).toHaveLength(1);
});

test('an API that always refuses is asked once, and once more where its clock differs', async () => {
  api.nowSeconds = () => Math.floor(Date.now() / 1000) + 7_200 * (api.seen.length % 2);
  api.handlers.set(TOKEN_PATH, (_request, response) => api.json(response, 401, { success: false, error: 'no' }));
  await expect(source().get()).rejects.toThrow(new TokenError('token request failed with status 401: no', true));
  expect(api.seen).toHaveLength(2);
});

test.each([
  [200, '<html>', 'failed to obtain JWT token: ', /the answer is no JSON/],
  [200, '{"success":true}', '', /holds no token/],
  [500, '{"error":"broken"}', '', /token request failed with status 500: broken/],
  [502, '<html>bad gateway</html>', '', /token request failed with status 502$/],
])('status %i, %j', async (status, text, _prefix, reason) => {
  api.handlers.set(TOKEN_PATH, (_request, response) => void response.writeHead(status).end(text));
  await expect(source().get()).rejects.toThrow(reason);
});

test('the words for an API that is not there are those of the published logs', async () => {
  await api.close();
  const port = new URL(url).port;
  await expect(source().get()).rejects.toThrow(
    `failed to obtain JWT token: failed to send token request: Post "http://127.0.0.1:${port}/api/v1/auth/token": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  );
});
