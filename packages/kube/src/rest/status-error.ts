// SPDX-License-Identifier: Apache-2.0
import type { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { KubeError } from '../kube-error.ts';

/** A server that asks for a longer rest is asked again all the same. */
const LONGEST_REST_MS = 60_000;

/** `Retry-After` in seconds; dates are not used by API servers. */
export function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,9}$/.test(value.trim())) return undefined;
  return Math.min(Number(value) * 1000, LONGEST_REST_MS);
}

export interface Status {
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly code?: unknown;
}

/** Text of a stranger: one line, not long. */
const printable = (text: unknown): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  typeof text === 'string' ? text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, 500) : '';

/** What to do about it, where that is known. */
const ADVICE: Readonly<Record<number, string>> = {
  401: 'the credentials are not taken',
  403: 'the account may not do this: grant it by a role',
  404: 'there is no such thing',
};

/** The error for an answer with another status than 200, with the words of its Status object. */
export function statusError(what: string, code: number, headers: IncomingHttpHeaders, body: Buffer): KubeError {
  let status: Status = {};
  try {
    status = (JSON.parse(body.toString('utf8')) as Status | null) ?? {};
  } catch {
    // A proxy on the way answers in its own words.
  }
  return fromStatus(what, { ...status, code }, retryAfterMs(headers['retry-after']));
}

/** The error for a Status object. */
export function fromStatus(what: string, { message, reason, code }: Status, retryAfter?: number): KubeError {
  const number = typeof code === 'number' && Number.isInteger(code) ? code : 0;
  const words = [`${number}`, ADVICE[number], printable(message)].filter((word) => word !== undefined && word !== '');
  return new KubeError('ERR_KUBE_STATUS', `${what}: ${words.join(': ')}`, {
    status: number,
    ...(typeof reason === 'string' ? { reason: printable(reason) } : {}),
    ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }),
  });
}
