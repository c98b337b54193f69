// SPDX-License-Identifier: Apache-2.0
import type { Caller } from '../auth/tokens.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** On routes that ask for a scope. */
    caller?: Caller;
  }
}
