// SPDX-License-Identifier: Apache-2.0
import type { Scope } from '@gthulhu/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';

export interface Answer {
  readonly description: string;
  /** Left out for an answer without a body, or one that is no JSON. */
  readonly schema?: TSchema;
  readonly contentType?: string;
}

/** What a route is, for the server and for its description. */
export interface RouteSpec {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As OpenAPI writes it: `/a/{id}`. */
  readonly path: string;
  readonly summary: string;
  /** What a token must be good for; null for everybody. */
  readonly scope: Scope | null;
  readonly body?: TSchema;
  /** Bytes; BODY_LIMIT where it is not said. */
  readonly bodyLimit?: number;
  readonly query?: Readonly<Record<string, TSchema>>;
  /** By status; what every route may answer besides is added. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Errors are problem details (RFC 9457) instead of `{success: false, error}`. */
  readonly problems?: boolean;
}

export interface Route {
  readonly spec: RouteSpec;
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

/** Of a body, bytes, unless its route says otherwise. */
export const BODY_LIMIT = 65_536;

/** RFC 3339, UTC, whole seconds: as every version has written it. */
export const timestamp = (date = new Date()): string => `${date.toISOString().slice(0, 19)}Z`;

/** The beginning of an answer that all generations read. */
export const succeeded = (message: string) => ({ success: true as const, message, timestamp: timestamp() });
