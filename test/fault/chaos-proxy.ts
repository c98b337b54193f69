// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What happens to a connection that is made while the mode lasts. */
export const MODES = [
  'pass',
  'reset',
  'closed',
  'blackHole',
  'garbage',
  'html',
  'serverError',
  'emptyObject',
  'unauthorized',
  'slowBytes',
  'truncated',
  'endless',
  'cutAfterAnswer',
] as const;
export type Mode = (typeof MODES)[number];

const answer = (status: string, type: string, body: string): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;

const ANSWERS: Readonly<Partial<Record<Mode, string>>> = {
  html: answer('200 OK', 'text/html', '<html><body>please log in</body></html>'),
  serverError: answer('500 Internal Server Error', 'text/html', '<h1>500</h1>'),
  emptyObject: answer('200 OK', 'application/json', '{}'),
  unauthorized: answer('401 Unauthorized', 'application/json', '{"success":false,"error":"no"}'),
  truncated:
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"revision":"x","rules":[',
};

/** Between a client and a server, in whatever mood it is in. */
export class ChaosProxy {
  mode: Mode = 'pass';
  accepted = 0;
  mostAtOnce = 0;
  readonly #target: () => { host: string; port: number };
  readonly #clients = new Set<Socket>();
  readonly #server: Server;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(target: () => { host: string; port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#serve(client));
  }

  get open(): number {
    return this.#clients.size;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends what is open. */
  cut(): void {
    for (const client of this.#clients) client.resetAndDestroy();
  }

  /** What is open stays open, and nothing passes any more: as behind a router that forgot it. */
  freeze(): void {
    for (const client of this.#clients) {
      client.removeAllListeners('data');
      client.emit('freeze');
    }
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const client of this.#clients) client.destroy();
    this.#server.close();
  }

  #serve(client: Socket): void {
    this.accepted++;
    this.#clients.add(client);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#clients.size);
    client.on('error', () => {});
    client.on('close', () => this.#clients.delete(client));
    const { mode } = this;
    const text = ANSWERS[mode];
    if (text !== undefined) client.once('data', () => client.end(text));
    else if (mode === 'reset') client.once('data', () => client.resetAndDestroy());
    else if (mode === 'closed') client.destroy();
    else if (mode === 'garbage') client.once('data', () => client.end(randomBytes(4_096)));
    else if (mode === 'slowBytes')
      this.#drip(client, 'x', 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: ');
    else if (mode === 'endless')
      this.#drip(client, 'x'.repeat(1 << 20), 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: ');
    else if (mode !== 'blackHole') this.#pass(client, mode === 'cutAfterAnswer');
  }

  #drip(client: Socket, piece: string, head: string): void {
    client.write(head);
    const timer = setInterval(() => {
      if (client.writableLength < 4 << 20) client.write(piece);
    }, 2);
    this.#timers.add(timer);
    client.on('data', () => {});
    client.on('close', () => clearInterval(timer));
  }

  #pass(client: Socket, cuts: boolean): void {
    const { host, port } = this.#target();
    const server = connect(port, host);
    server.on('error', () => client.destroy());
    server.on('close', () => client.destroy());
    client.on('close', () => server.destroy());
    client.on('freeze', () => {
      server.removeAllListeners('close');
      server.removeAllListeners('data');
      server.destroy();
    });
    client.on('data', (chunk) => server.write(chunk));
    server.on('data', (chunk) => {
      client.write(chunk);
      if (cuts) setImmediate(() => client.resetAndDestroy());
    });
  }
}
