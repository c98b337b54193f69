// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';

/**
 * Connection errors in the words of the published logs, which are those of Go: dashboards look for them.
 * `dial tcp 10.152.183.54:80: connect: connection refused`
 */

/** strerror() of what connecting, reading and writing can end with. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  ECONNABORTED: 'software caused connection abort',
  EPIPE: 'broken pipe',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  EADDRNOTAVAIL: 'cannot assign requested address',
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EAGAIN: 'resource temporarily unavailable',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in system',
  ENOTSOCK: 'socket operation on non-socket',
};

/** What Node tells about an error of a system call. */
interface SystemError extends Error {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

/** The two ends of a connection, as far as there was one. */
export interface Ends {
  readonly local: string | null;
  readonly remote: string | null;
}

/** `10.0.0.1:80`, `[::1]:80` */
export const hostPort = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

export const NOT_CONNECTED: Ends = { local: null, remote: null };

export function endsOf(socket: Socket): Ends {
  const end = (address: string | undefined, port: number | undefined): string | null =>
    address === undefined || port === undefined ? null : hostPort(address, port);
  return {
    local: end(socket.localAddress, socket.localPort),
    remote: end(socket.remoteAddress, socket.remotePort),
  };
}

function lookup({ code, hostname = '' }: SystemError): string {
  const words =
    code === 'ENOTFOUND' || code === 'ENODATA'
      ? 'no such host'
      : code === 'EAI_AGAIN'
        ? 'Temporary failure in name resolution'
        : (code ?? 'failed');
  return `dial tcp: lookup ${hostname}: ${words}`;
}

/** @param ends of the connection the error happened on */
export function connectionFailure(error: Error, ends: Ends): string {
  // Several addresses were tried; the first one is the one that is named first.
  const first = error instanceof AggregateError ? (error.errors[0] as SystemError) : (error as SystemError);
  const { code = '', syscall = '' } = first;
  if (syscall === 'getaddrinfo') return lookup(first);
  const words = WORDS[code];
  if (syscall === 'connect') {
    const target =
      first.port === undefined ? `unix ${first.address}` : `tcp ${hostPort(first.address ?? '', first.port)}`;
    return `dial ${target}: connect: ${words ?? first.message}`;
  }
  // "socket hang up": the other side closed before it had answered.
  if (code === 'ECONNRESET' && syscall === '') return 'EOF';
  if (words !== undefined && (syscall === 'read' || syscall === 'write')) {
    const between = ends.remote === null ? 'unix' : `tcp ${ends.local ?? ''}->${ends.remote}`;
    return `${syscall} ${between}: ${syscall}: ${words}`;
  }
  if (code.startsWith('HPE_') && code !== 'HPE_HEADER_OVERFLOW')
    return `net/http: HTTP/1.x transport connection broken: malformed HTTP response (${first.message.replace(/^Parse Error: /, '')})`;
  if (code === 'HPE_HEADER_OVERFLOW') return 'net/http: the header of the answer is too long';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `tls: failed to verify certificate: x509: ${first.message}`;
  if (code === 'DEPTH_ZERO_SELF_SIGNED_CERT' || code.startsWith('SELF_SIGNED_CERT') || code.startsWith('UNABLE_TO_'))
    return `tls: failed to verify certificate: x509: certificate signed by unknown authority (${code}); set api.mtls.ca_pem`;
  if (code.startsWith('CERT_')) return `tls: failed to verify certificate: x509: ${first.message}`;
  return first.message;
}
