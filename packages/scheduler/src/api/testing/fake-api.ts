// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { NODE_API_PATHS, type NodePolicies, type PoliciesChange } from '@gthulhu/contracts';

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as the API hands them out; nobody but the API itself checks its signature. */
export const fakeToken = (number: number, lifeSeconds: number, nowSeconds: number): string =>
  `${part({ alg: 'EdDSA' })}.${part({ iat: nowSeconds, exp: nowSeconds + lifeSeconds, jti: number })}.c2ln`;

export interface Asserted {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly header: Readonly<Record<string, unknown>>;
}

/** Claims of an assertion whose signature is good; throws for others. */
export function checkAssertion(jwt: string, publicPem: string): Asserted {
  const [head, claims, signature] = jwt.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url').toString());
  const algorithm = header.alg === 'EdDSA' ? null : 'sha256';
  const good = verify(
    algorithm,
    Buffer.from(`${head}.${claims}`),
    createPublicKey(publicPem),
    Buffer.from(signature, 'base64url'),
  );
  if (!good) throw new Error('the signature is wrong');
  return { header, claims: JSON.parse(Buffer.from(claims, 'base64url').toString()) };
}

/** A node API whose answers a test decides on. Its token is what was handed out last; it speaks JSON and SSE. */
export class FakeApi {
  /** By path; what is not here is answered by the API itself. */
  readonly handlers = new Map<string, Handler>();
  readonly tokens: string[] = [];
  readonly tokenBodies: Record<string, unknown>[] = [];
  readonly metrics: { text: string; contentType: string | undefined }[] = [];
  readonly seen: string[] = [];
  readonly streams = new Set<ServerResponse>();
  policies: NodePolicies = { revision: 'r0', strategies: 0, rules: [] };
  lifeSeconds = 3_600;
  /** Its clock, seconds since 1970. */
  nowSeconds = (): number => Math.floor(Date.now() / 1000);
  mostConnections = 0;
  readonly sockets = new Set<Socket>();
  #server: Server;

  constructor() {
    this.#server = createServer(
      { keepAliveTimeout: 60_000 },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.on('connection', (socket) => {
      this.sockets.add(socket);
      this.mostConnections = Math.max(this.mostConnections, this.sockets.size);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  listen(where: string | number = 0): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      const ready = (): void =>
        resolve(
          typeof where === 'string'
            ? `unix://${where}`
            : `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
        );
      if (typeof where === 'string') this.#server.listen(where, ready);
      else this.#server.listen(where, '127.0.0.1', ready);
    });
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    await new Promise((resolve) => request.on('end', resolve));
    const url = request.url ?? '';
    this.seen.push(`${request.method} ${url}`);
    const handler = this.handlers.get(url) ?? this.handlers.get(url.split('?')[0]);
    if (handler !== undefined) {
      handler(request, response, body);
      return;
    }
    if (url === NODE_API_PATHS.token) this.giveToken(response, body);
    else if (request.headers.authorization !== `Bearer ${this.tokens.at(-1)}`)
      this.json(response, 401, { success: false, error: 'Invalid or expired token: not the last one' });
    else if (url === NODE_API_PATHS.metrics) {
      this.metrics.push({ text: body, contentType: request.headers['content-type'] });
      this.json(response, 200, { success: true });
    } else if (url === NODE_API_PATHS.policies) this.givePolicies(request, response);
    else if (url === `${NODE_API_PATHS.policies}?watch=1&changes=1`) this.stream(response);
    else this.json(response, 404, { message: 'Not Found' });
  }

  json(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, {
      'content-type': 'application/json',
      date: new Date(this.nowSeconds() * 1000).toUTCString(),
    });
    response.end(JSON.stringify(body));
  }

  giveToken(response: ServerResponse, body: string): void {
    this.tokenBodies.push(JSON.parse(body));
    const token = fakeToken(this.tokens.length, this.lifeSeconds, this.nowSeconds());
    this.tokens.push(token);
    const timestamp = new Date(this.nowSeconds() * 1000).toISOString();
    const data = { token, expired_at: this.nowSeconds() + this.lifeSeconds };
    this.json(response, 200, { success: true, message: 'Token generated successfully', timestamp, token, data });
  }

  givePolicies(request: IncomingMessage, response: ServerResponse): void {
    const etag = `"${this.policies.revision}"`;
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
    else {
      response.setHeader('etag', etag);
      this.json(response, 200, this.policies);
    }
  }

  event(): string {
    return `event: policies\nid: ${this.policies.revision}\ndata: ${JSON.stringify(this.policies)}\n\n`;
  }

  stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(this.event());
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }

  /** What is different, told to those who watch. */
  tellChange(change: PoliciesChange): void {
    for (const stream of this.streams)
      stream.write(`event: change\nid: ${change.revision}\ndata: ${JSON.stringify(change)}\n\n`);
  }

  /** New policies, told to those who watch. */
  tell(policies: NodePolicies): void {
    this.policies = policies;
    for (const stream of this.streams) stream.write(this.event());
  }
}

/** A server below HTTP: what it does with a connection is the test's. */
export async function rawServer(onSocket: (socket: Socket) => void): Promise<{ url: string; server: TcpServer }> {
  const server = createTcpServer(onSocket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
