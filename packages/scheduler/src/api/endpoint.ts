// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { STATE_FILES } from '@gthulhu/contracts';

/** Where a node API is. */
export interface Endpoint {
  /** As it is written, without a slash at its end: how requests are named in messages. */
  readonly base: string;
  /** A unix socket; null for TCP. */
  readonly socketPath: string | null;
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** What stands before every path of the API; mostly nothing. */
  readonly prefix: string;
}

/** The address cannot be used; the message is the second half of a sentence. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
}

const WANTED =
  'write http://HOST:PORT, https://HOST:PORT or unix:///PATH, or leave it empty for the socket of this node';
/** `sun_path` of a socket address, with its closing zero. */
const SOCKET_PATH_BYTES = 107;

function unixEndpoint(path: string): Endpoint {
  if (!path.startsWith('/')) throw new EndpointError(`names no absolute path of a socket; ${WANTED}`);
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES)
    throw new EndpointError(
      `names a socket whose path is longer than ${SOCKET_PATH_BYTES} bytes; choose a shorter one`,
    );
  return { base: `unix://${path}`, socketPath: path, tls: false, host: 'localhost', port: 0, prefix: '' };
}

/**
 * @param url as in the configuration; empty is the socket in the state folder
 * @throws EndpointError
 */
export function parseEndpoint(url: string, stateFolder: string): Endpoint {
  if (url === '') return unixEndpoint(join(stateFolder, STATE_FILES.apiSocket));
  const text = url.replace(/\/+$/, '');
  if (text.startsWith('unix:')) return unixEndpoint(text.replace(/^unix:(\/\/)?/, ''));
  let parsed: URL;
  try {
    parsed = new URL(text);
  } catch (cause) {
    throw new EndpointError(`is ${JSON.stringify(url)}, which is no URL; ${WANTED}`, { cause });
  }
  const tls = parsed.protocol === 'https:';
  if (!tls && parsed.protocol !== 'http:')
    throw new EndpointError(`has the scheme ${JSON.stringify(parsed.protocol)}; ${WANTED}`);
  if (parsed.username !== '' || parsed.password !== '')
    throw new EndpointError('holds a user name or a password, which are not used; remove them');
  if (parsed.search !== '' || parsed.hash !== '') throw new EndpointError(`holds a query or a fragment; ${WANTED}`);
  return {
    base: text,
    socketPath: null,
    tls,
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? (tls ? 443 : 80) : Number(parsed.port),
    prefix: parsed.pathname === '/' ? '' : parsed.pathname,
  };
}
