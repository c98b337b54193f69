// SPDX-License-Identifier: Apache-2.0
import { BlockList, isIP } from 'node:net';

const variable = (env: NodeJS.ProcessEnv, name: string): string =>
  env[name.toLowerCase()] || env[name.toUpperCase()] || '';

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function within(address: string, range: string): boolean {
  const [network = '', bits = ''] = range.split('/', 2);
  if (isIP(network) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (isIP(network) === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family(network));
  return list.check(address, family(address));
}

/** Whether one entry of NO_PROXY means this host: `*`, an address, a range, a domain with those below it, each with a port or not. */
function means(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (isIP(host) !== 0 && entry.includes('/')) return within(host, entry);
  const withPort = /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry);
  const name = (withPort?.[1] ?? '').replace(/^\[|\]$/g, '').toLowerCase();
  if (withPort?.[2] !== undefined && withPort[2] !== port) return false;
  if (isIP(host) !== 0 || isIP(name) !== 0) return name === host;
  const domain = name.replace(/^\*?\./, '');
  if (domain === '') return false;
  return (host === domain && name === domain) || host.endsWith(`.${domain}`);
}

/**
 * The proxy for a URL by HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in small letters or capitals; null is none. As other
 * Kubernetes clients do: NO_PROXY may have address ranges (`10.96.0.0/12`), and this machine itself is never proxied.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): string | null {
  const proxy = variable(env, url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (proxy === '' || host === 'localhost' || host === '::1' || within(host, '127.0.0.0/8')) return null;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const exceptions = variable(env, 'NO_PROXY').split(',');
  if (exceptions.some((entry) => entry.trim() !== '' && means(entry.trim(), host, port))) return null;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}
