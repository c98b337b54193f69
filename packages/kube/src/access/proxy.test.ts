// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { proxyFor } from './proxy.ts';

const PROXY = 'http://proxy.corp:3128';

test.each<[url: string, env: Record<string, string>, proxy: string | null]>([
  ['https://10.96.0.1', {}, null],
  ['https://10.96.0.1', { HTTPS_PROXY: PROXY }, PROXY],
  ['https://10.96.0.1', { https_proxy: PROXY, HTTPS_PROXY: 'http://other:1' }, PROXY],
  ['https://10.96.0.1', { HTTPS_PROXY: 'proxy.corp:3128' }, PROXY],
  ['https://10.96.0.1', { HTTP_PROXY: PROXY }, null],
  ['http://10.96.0.1', { HTTP_PROXY: PROXY }, PROXY],
  ['https://10.96.0.1', { HTTPS_PROXY: PROXY, NO_PROXY: '10.96.0.0/12' }, null],
  ['https://10.112.0.1', { HTTPS_PROXY: PROXY, NO_PROXY: '10.96.0.0/12' }, PROXY],
  ['https://10.96.0.1', { HTTPS_PROXY: PROXY, NO_PROXY: '10.96.0.0/99,10.0.0.0/x,/8,10.96.0.0' }, PROXY],
  ['https://[fd00::1]:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::/8' }, null],
  ['https://[fd00::1]:6443', { HTTPS_PROXY: PROXY, NO_PROXY: 'fd00::1' }, null],
  ['https://[fd00::1]:6443', { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, PROXY],
  ['https://10.96.0.1:6443', { HTTPS_PROXY: PROXY, no_proxy: ' 10.96.0.1:6443 ' }, null],
  ['https://10.96.0.1:6443', { HTTPS_PROXY: PROXY, no_proxy: '10.96.0.1:443' }, PROXY],
  ['https://10.96.0.1', { HTTPS_PROXY: PROXY, no_proxy: '10.96.0.1:443' }, null],
  ['https://api.corp', { HTTPS_PROXY: PROXY, NO_PROXY: 'corp' }, null],
  ['https://API.Corp', { HTTPS_PROXY: PROXY, NO_PROXY: '.CORP' }, null],
  ['https://corp', { HTTPS_PROXY: PROXY, NO_PROXY: '.corp' }, PROXY],
  ['https://api.corp', { HTTPS_PROXY: PROXY, NO_PROXY: '*.corp' }, null],
  ['https://apicorp', { HTTPS_PROXY: PROXY, NO_PROXY: 'corp,,.' }, PROXY],
  ['https://api.corp', { HTTPS_PROXY: PROXY, NO_PROXY: 'other,*' }, null],
  ['https://localhost:6443', { HTTPS_PROXY: PROXY }, null],
  ['https://127.0.0.5:6443', { HTTPS_PROXY: PROXY }, null],
  ['https://[::1]:6443', { HTTPS_PROXY: PROXY }, null],
])('%s with %j', (url, env, proxy) => {
  expect(proxyFor(new URL(url), env)).toBe(proxy);
});
