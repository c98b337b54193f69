// SPDX-License-Identifier: Apache-2.0
import { defaultConfig } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import { parseListen, urlOf } from './listen-address.ts';

test.each([
  ['127.0.0.1:8080', '127.0.0.1', 8080, true],
  ['127.9.9.9:1', '127.9.9.9', 1, true],
  ['[::1]:8080', '::1', 8080, true],
  ['localhost:0', 'localhost', 0, true],
  ['0.0.0.0:8080', '0.0.0.0', 8080, false],
  ['[::]:8080', '::', 8080, false],
  ['[::ffff:127.0.0.1]:8080', '::ffff:127.0.0.1', 8080, true],
  [':8080', '::', 8080, false],
  ['10.0.0.1:65535', '10.0.0.1', 65_535, false],
  ['node-1:80', 'node-1', 80, false],
])('%s', (text, host, port, loopback) => {
  expect(parseListen(text)).toEqual({ host, port, loopback });
});

test('nobody else reaches it unless that is asked for', () => {
  expect(parseListen(defaultConfig().agent.listen)).toMatchObject({ loopback: true });
});

test('the empty text is no address', () => expect(parseListen('')).toBeNull());

test.each([
  '8080',
  '127.0.0.1',
  '127.0.0.1:',
  '127.0.0.1:65536',
  '::1:8080',
  '[x]:80',
  '[127.0.0.1]:80',
  'a b:80',
  'http://a:80',
])('%s is refused', (text) => expect(() => parseListen(text)).toThrow(/such as 127\.0\.0\.1:8080 or \[::1\]:8080/));

test('a URL has version 6 in brackets', () => {
  expect(urlOf('::1', 80)).toBe('http://[::1]:80');
  expect(urlOf('127.0.0.1', 80)).toBe('http://127.0.0.1:80');
});
