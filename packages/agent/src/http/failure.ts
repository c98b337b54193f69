// SPDX-License-Identifier: Apache-2.0
import { STATUS_CODES } from 'node:http';
import type { ErrorAnswer, Problem } from '@gthulhu/contracts';
import type { FastifyError } from 'fastify';
import { AuthError } from '../auth/auth-error.ts';
import { ConflictError } from '../strategies/conflict-error.ts';
import { InputError } from '../strategies/input-error.ts';

/** An answer other than success. The message is sent. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.headers = headers;
  }
}

/** What is told of an error. What nobody foresaw is for the log, not for the client. */
export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof InputError) return new Failure(400, `Invalid JSON format: ${error.message}`);
  if (error instanceof ConflictError) return new Failure(409, error.message);
  if (error instanceof AuthError) {
    return new Failure(401, error.message, { 'www-authenticate': 'Bearer error="invalid_token"' });
  }
  const { code, statusCode, message } = error as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new Failure(413, 'the body is larger than this route takes; send less at once');
  }
  if (statusCode === 400) return new Failure(400, `Invalid JSON format: ${message}`);
  if (statusCode !== undefined && statusCode < 500) return new Failure(statusCode, message ?? '');
  return new Failure(500, 'this failed inside the agent; its log says why', {}, { cause: error });
}

export const errorAnswer = (error: string): ErrorAnswer => ({ success: false, error });

export const problemAnswer = ({ status, message }: Failure): Problem => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail: message,
  ...errorAnswer(message),
});
