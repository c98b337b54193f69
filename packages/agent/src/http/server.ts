// SPDX-License-Identifier: Apache-2.0
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { AgentLog } from '../agent-log.ts';
import type { Tokens } from '../auth/tokens.ts';
import { InputError } from '../strategies/input-error.ts';
import { authorize } from './authorize.ts';
import { errorAnswer, Failure, problemAnswer, toFailure } from './failure.ts';
import { BODY_LIMIT, type Route } from './route.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Bodies above the usual limit that are read at once, all clients together: each may take megabytes. */
const LARGE_AT_ONCE = 8;

export interface ServerParts {
  readonly routes: readonly Route[];
  readonly tokens: Tokens;
  readonly log: AgentLog;
  /** Told of each answer. */
  readonly answered: (method: string, path: string, status: number) => void;
}

function sendFailure(reply: FastifyReply, failure: Failure, problems: boolean): FastifyReply {
  // Closed in the middle of what somebody sends, they would see a broken pipe and not the reason. Node reads the rest
  // and forgets it, for as long as a request may take.
  reply.removeHeader('connection');
  reply.code(failure.status).headers(failure.headers);
  if (!problems) return reply.send(errorAnswer(failure.message));
  return reply.type('application/problem+json').send(JSON.stringify(problemAnswer(failure)));
}

const FORM = 'application/x-www-form-urlencoded';

/** JSON whatever the content type says, as servers before did: a curl without a header is understood. */
function takeJsonAlways(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, ({ headers }, body, done) => {
    const text = String(body);
    // What RFC 7523 sends to a token endpoint; curl says the same of JSON.
    if (headers['content-type']?.startsWith(FORM) && !/^\s*[{[]/.test(text)) {
      done(null, Object.fromEntries(new URLSearchParams(text)));
      return;
    }
    try {
      done(null, JSON.parse(text));
    } catch (cause) {
      done(new InputError(`the body is no JSON: ${(cause as Error).message}`, { cause }));
    }
  });
}

/** The routes, who may use them, and what is said when they fail. Listens to nothing by itself. */
export async function createServer({ routes, tokens, log, answered }: ServerParts): Promise<FastifyInstance> {
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    routerOptions: { maxParamLength: 100 },
    // Bodies are checked by what reads them, and answers are what they are: neither compiler is needed.
    schemaController: {
      compilersFactory: {
        buildValidator: (() => () => () => true) as never,
        buildSerializer: () => () => JSON.stringify,
      },
    },
  });
  takeJsonAlways(app);
  app.decorateRequest('caller');
  let large = 0;

  for (const { spec, handle } of routes) {
    const { method, path, scope, bodyLimit = BODY_LIMIT, problems = false } = spec;
    const isLarge = bodyLimit > BODY_LIMIT;
    app.route({
      method,
      url: path.replace(/\{(\w+)\}/g, ':$1'),
      bodyLimit,
      config: { path },
      errorHandler: (error, request, reply) => {
        const failure = toFailure(error);
        if (failure.status >= 500) {
          const cause = failure.cause ?? error;
          log.error(
            `${request.method} ${path}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
          );
        }
        sendFailure(reply, failure, problems);
      },
      // Before anything of the body is read.
      onRequest: async (request, reply) => {
        if (scope !== null) request.caller = await authorize(request.headers.authorization, scope, tokens);
        if (!isLarge) return;
        if (large >= LARGE_AT_ONCE) {
          throw new Failure(503, 'too many large requests at once; try again', { 'retry-after': '1' });
        }
        large++;
        reply.raw.once('close', () => large--);
      },
      handler: (request, reply) => handle(request, reply),
    });
  }

  const paths = new Set(routes.map(({ spec }) => spec.path));
  for (const path of paths) {
    const taken = routes.filter(({ spec }) => spec.path === path).map(({ spec }) => spec.method as string);
    app.route({
      method: METHODS.filter((method) => !taken.includes(method)),
      url: path.replace(/\{(\w+)\}/g, ':$1'),
      config: { path },
      onRequest: async (_, reply) =>
        reply.code(405).header('allow', taken.join(', ')).send({ message: 'Method Not Allowed' }),
      handler: () => null,
    });
  }
  app.setNotFoundHandler({ preParsing: undefined } as object, (_, reply) =>
    reply.code(404).send({ message: 'Not Found' }),
  );
  app.setErrorHandler((error, _, reply) => sendFailure(reply, toFailure(error), false));
  app.addHook('onSend', (_, reply, payload, done) => {
    // Nothing here is for a browser to guess at or to keep.
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { path } = request.routeOptions.config as { path?: string };
    answered(request.method, path ?? 'other', reply.statusCode);
    done();
  });
  await app.ready();
  return app;
}
