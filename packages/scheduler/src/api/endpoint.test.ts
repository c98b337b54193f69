// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { EndpointError, parseEndpoint } from './endpoint.ts';

const tcp = { socketPath: null, tls: false, prefix: '' };

test.each([
  ['', { base: 'unix:///s/api.sock', socketPath: '/s/api.sock', tls: false, host: 'localhost', port: 0, prefix: '' }],
  [
    'unix:///run/x.sock',
    { base: 'unix:///run/x.sock', socketPath: '/run/x.sock', tls: false, host: 'localhost', port: 0, prefix: '' },
  ],
  ['http://gthulhu-api:80', { ...tcp, base: 'http://gthulhu-api:80', host: 'gthulhu-api', port: 80 }],
  ['http://gthulhu-api/', { ...tcp, base: 'http://gthulhu-api', host: 'gthulhu-api', port: 80 }],
  ['http://[::1]:8080', { ...tcp, base: 'http://[::1]:8080', host: '::1', port: 8_080 }],
  ['https://a.b/c/', { ...tcp, base: 'https://a.b/c', host: 'a.b', port: 443, prefix: '/c', tls: true }],
])('%j', (url, expected) => {
  expect(parseEndpoint(url, '/s')).toEqual(expected);
});

test.each([
  ['gthulhu-api:80', /has the scheme/],
  ['127.0.0.1:8080', /is no URL/],
  ['ftp://a', /has the scheme "ftp:"/],
  ['unix:relative', /no absolute path/],
  [`unix:///${'x'.repeat(200)}`, /longer than 107 bytes/],
  ['http://me:secret@a', /user name or a password/],
  ['http://a/?x=1', /a query/],
  ['http://', /is no URL/],
])('%j is refused', (url, reason) => {
  expect(() => parseEndpoint(url, '/s')).toThrow(EndpointError);
  expect(() => parseEndpoint(url, '/s')).toThrow(reason);
});
