// SPDX-License-Identifier: Apache-2.0
import type { Answer } from './transport.ts';

/** The answer came, and is not what was asked for. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  /** HTTP status of the answer. */
  readonly status: number;

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** How much of somebody else's text is repeated in a message, characters. */
const SHOWN = 200;

/** @throws AnswerError */
export function parseJson(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text);
  } catch (cause) {
    const type = answer.headers['content-type'] ?? 'without a content type';
    throw new AnswerError(
      `the answer is no JSON (${type.slice(0, SHOWN)}, ${answer.text.length} characters)`,
      answer.status,
      {
        cause,
      },
    );
  }
}

/** What the server says about a request that it refused, as the end of a sentence; empty where it says nothing. */
export function serverWords(answer: Answer): string {
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    return '';
  }
  const { error, message } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const words = typeof error === 'string' ? error : typeof message === 'string' ? message : '';
  return words === '' ? '' : `: ${words.slice(0, SHOWN)}`;
}
