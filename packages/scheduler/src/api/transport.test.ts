// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseEndpoint } from './endpoint.ts';
import { FakeApi, rawServer } from './testing/fake-api.ts';
import { until } from './testing/until.ts';
import { ANSWER_MAX_BYTES, createTransport, type Limits, type TlsKeys } from './transport.ts';

const get = (url: string, limits?: Limits, tls?: TlsKeys) =>
  createTransport(parseEndpoint(url, ''), tls, limits).request({ method: 'GET', path: '/a' });
const short: Limits = { requestMs: 100, connectMs: 50 };

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function raw(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const { url, server } = await rawServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return url;
}

describe('failures in the words of the published logs', () => {
  test('nobody listens', async () => {
    const { url, server } = await rawServer(() => {});
    await new Promise((resolve) => server.close(resolve));
    const { host } = new URL(url);
    await expect(get(url)).rejects.toThrow(`Get "${url}/a": dial tcp ${host}: connect: connection refused`);
  });

  test('nobody listens at the other protocol', async () => {
    await expect(get('http://[::1]:1')).rejects.toThrow(/^Get "http:\/\/\[::1\]:1\/a": dial tcp \[::1\]:1: connect: /);
  });

  test('no socket', async () => {
    await expect(get('unix:///nonexistent/api.sock')).rejects.toThrow(
      'Get "unix:///nonexistent/api.sock/a": dial unix /nonexistent/api.sock: connect: no such file or directory',
    );
  });

  test('a file that is no socket', async () => {
    await expect(get('unix:///etc/passwd')).rejects.toThrow('dial unix /etc/passwd: connect: connection refused');
  });

  test('no such host', async () => {
    await expect(get('http://no-such-host.invalid:80')).rejects.toThrow(
      /^Get "http:\/\/no-such-host\.invalid:80\/a": dial tcp: lookup no-such-host\.invalid: (no such host|Temporary failure in name resolution)$/,
    );
  });

  test('closed without an answer', async () => {
    await expect(get(await raw((socket) => socket.on('data', () => socket.end())))).rejects.toThrow(/: EOF$/);
  });

  test('reset', async () => {
    await expect(get(await raw((socket) => socket.on('data', () => socket.resetAndDestroy())))).rejects.toThrow(
      /: read tcp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: read: connection reset by peer$/,
    );
  });

  test('no HTTP', async () => {
    await expect(get(await raw((socket) => socket.end('SSH-2.0-OpenSSH\r\n')))).rejects.toThrow(
      /malformed HTTP response/,
    );
  });

  test('no answer in time', async () => {
    await expect(get(await raw(() => {}), short)).rejects.toThrow(
      /: context deadline exceeded \(Client\.Timeout exceeded while awaiting headers\)$/,
    );
  });

  test('an answer byte by byte', async () => {
    const drip = (socket: Socket): void => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const timer = setInterval(() => socket.write('x'), 5);
      socket.on('close', () => clearInterval(timer));
    };
    await expect(get(await raw(drip), short)).rejects.toThrow(/while reading body\)$/);
  });

  test('a head byte by byte', async () => {
    const drip = (socket: Socket): void => {
      socket.write('HTTP/1.1 200 OK\r\nx: ');
      const timer = setInterval(() => socket.write('x'), 5);
      socket.on('close', () => clearInterval(timer));
    };
    await expect(get(await raw(drip), short)).rejects.toThrow(/while awaiting headers\)$/);
  });

  test('a head without end', async () => {
    const flood = (socket: Socket): void => void socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(1 << 20)}`);
    await expect(get(await raw(flood))).rejects.toThrow(/the header of the answer is too long$/);
  });

  test('cut off', async () => {
    const cut = (socket: Socket): void => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":');
    await expect(get(await raw(cut))).rejects.toThrow(/: unexpected EOF$/);
  });

  test('too much', async () => {
    let written = 0;
    const flood = (socket: Socket): void => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const chunk = Buffer.alloc(1 << 20, 'x');
      const more = (): void => {
        written += chunk.length;
        if (!socket.destroyed) socket.write(chunk, more);
      };
      more();
    };
    await expect(get(await raw(flood))).rejects.toThrow(`the answer has more than ${ANSWER_MAX_BYTES} bytes`);
    expect(written).toBeLessThan(4 * ANSWER_MAX_BYTES);
  });
});

describe('with an API', () => {
  let api: FakeApi;
  let url: string;
  beforeEach(async () => {
    api = new FakeApi();
    url = await api.listen();
    ends.push(() => void api.close());
  });

  test('no connection is left behind', async () => {
    for (let i = 0; i < 20; i++) await get(url);
    await until('all connections closed', () => api.sockets.size === 0);
    expect(api.mostConnections).toBeLessThanOrEqual(2);
  });

  test('variables that name a proxy are not looked at', async () => {
    const seen: string[] = [];
    const proxy = await raw((socket) => socket.on('data', (data) => seen.push(String(data))));
    const script = `
      import { parseEndpoint } from ${JSON.stringify(new URL('./endpoint.ts', import.meta.url).pathname)};
      import { createTransport } from ${JSON.stringify(new URL('./transport.ts', import.meta.url).pathname)};
      const { status } = await createTransport(parseEndpoint(${JSON.stringify(url)}, '')).request({ method: 'GET', path: '/x' });
      process.stdout.write(String(status));`;
    const env = {
      ...process.env,
      NODE_USE_ENV_PROXY: '1',
      http_proxy: proxy,
      HTTP_PROXY: proxy,
      all_proxy: proxy,
      NO_PROXY: '',
    };
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const { execFile } = await import('node:child_process');
    execFile(process.execPath, ['--input-type=module', '-e', script], { env }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
    expect(await promise).toBe('401');
    expect(seen).toEqual([]);
  });

  test('a redirect is an answer, not a way', async () => {
    api.handlers.set('/a', (_request, response) => void response.writeHead(302, { location: '/health' }).end());
    expect((await get(url)).status).toBe(302);
    expect(api.seen).toEqual(['GET /a']);
  });

  test('what stands before the paths', async () => {
    await get(`${url}/node/7/`);
    expect(api.seen).toEqual(['GET /node/7/a']);
  });

  test('closing ends what is under way', async () => {
    api.handlers.set('/a', () => {});
    const transport = createTransport(parseEndpoint(url, ''));
    const asked = transport.request({ method: 'GET', path: '/a' });
    await until('asked', () => api.seen.length === 1);
    transport.close();
    await expect(asked).rejects.toThrow(/context canceled$/);
    await expect(transport.request({ method: 'GET', path: '/b' })).rejects.toThrow(/context canceled$/);
    expect(api.seen).toEqual(['GET /a']);
  });
});

describe('TLS', () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });

  /** An authority, and certificates of it for a server and a client. */
  function makeCertificates(): void {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=ca',
      '-days',
      '2',
    );
    for (const name of ['server', 'client']) {
      openssl(
        'req',
        '-newkey',
        'ed25519',
        '-nodes',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        `/CN=${name}`,
      );
      writeFileSync(file('ext'), 'subjectAltName=IP:127.0.0.1');
      openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-out',
        `${name}.pem`,
        '-days',
        '2',
        '-extfile',
        'ext',
      );
    }
  }

  async function serve(): Promise<string> {
    const options = { key: read('server.key'), cert: read('server.pem'), ca: read('ca.pem') };
    const server = createTlsServer({ ...options, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      response.end(
        (request.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate()
          .subject.CN,
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => void server.close());
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gthulhu-tls-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    makeCertificates();
  });

  test('both sides show a certificate', async () => {
    const tls = { cert: read('client.pem'), key: read('client.key'), ca: read('ca.pem') };
    expect((await get(await serve(), undefined, tls)).text).toBe('client');
  });

  test('an authority that is not known is refused', async () => {
    const tls = { cert: read('client.pem'), key: read('client.key'), ca: '' };
    await expect(get(await serve(), undefined, tls)).rejects.toThrow(
      /x509: certificate signed by unknown authority \(.*\); set api\.mtls\.ca_pem$/,
    );
  });

  test('without a certificate of the client the server refuses', async () => {
    await expect(get(await serve(), undefined, { cert: '', key: '', ca: read('ca.pem') })).rejects.toThrow();
  });
});
