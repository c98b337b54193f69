// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { fakeToken } from './testing/fake-api.ts';
import { readToken } from './token-answer.ts';

const jwt = fakeToken(1, 600, 1_000);
const timestamp = '2025-09-22T13:15:09Z';
const at = Date.parse(timestamp) / 1000;

test.each([
  ['both generations', { token: jwt, data: { token: jwt, expired_at: 5 } }, { text: jwt, lifeSeconds: 600 }],
  ['of 2025', { success: true, timestamp, token: jwt }, { text: jwt, lifeSeconds: 600 }],
  ['later', { data: { token: jwt, expired_at: 5 } }, { text: jwt, lifeSeconds: 600 }],
  ['no times in it', { token: 'a.b.c', timestamp, data: { expired_at: at + 60 } }, { text: 'a.b.c', lifeSeconds: 60 }],
  ['nothing says when it ends', { token: 'opaque' }, { text: 'opaque', lifeSeconds: 3_600 }],
  ['already over by its own times', { token: fakeToken(1, -5, 9) }, { text: fakeToken(1, -5, 9), lifeSeconds: 3_600 }],
  ['for a hundred years', { token: fakeToken(1, 3e9, 9) }, { text: fakeToken(1, 3e9, 9), lifeSeconds: 86_400 }],
  ['no object', 'token', null],
  ['null', null, null],
  ['empty', { token: '' }, null],
  ['a number', { token: 5 }, null],
  ['a second header', { token: 'a\r\nx: y' }, null],
  ['too long', { token: 'x'.repeat(10_000) }, null],
])('%s', (_name, body, expected) => {
  expect(readToken(body)).toEqual(expected);
});
