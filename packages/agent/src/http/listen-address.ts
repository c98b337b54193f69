// SPDX-License-Identifier: Apache-2.0
import { BlockList, isIP } from 'node:net';
import { AgentError } from '../agent-error.ts';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Nobody outside this machine reaches it. */
  readonly loopback: boolean;
}

const loopbacks = new BlockList();
loopbacks.addSubnet('127.0.0.0', 8, 'ipv4');
loopbacks.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  return loopbacks.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * `agent.listen`: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `:8080` for every address. Null for the empty text.
 * @throws AgentError
 */
export function parseListen(text: string): ListenAddress | null {
  if (text === '') return null;
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const given = match?.[1] ?? match?.[2];
  if (match === null || given === undefined || port > 65_535 || (match[1] !== undefined && isIP(match[1]) !== 6)) {
    throw new AgentError(
      `agent.listen is ${JSON.stringify(text)}, must be an address and a port, such as 127.0.0.1:8080 or [::1]:8080`,
    );
  }
  const host = given === '' ? '::' : given;
  return { host, port, loopback: isLoopback(host) };
}

/** As it is written in a URL. */
export const urlOf = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
