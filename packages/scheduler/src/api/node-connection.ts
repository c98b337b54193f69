// SPDX-License-Identifier: Apache-2.0
import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Scope, STATE_FILES, STATE_FOLDER } from '@gthulhu/contracts';
import { clientKey, KeyError } from './client-key.ts';
import { type Endpoint, EndpointError, parseEndpoint } from './endpoint.ts';
import { AnswerError, parseJson, serverWords } from './json-answer.ts';
import { createNodeClient } from './node-client.ts';
import { createTokenSource, TokenError, type TokenSource } from './token-source.ts';
import { createTransport, type Request, TransportError } from './transport.ts';

export interface NodeConnectionOptions {
  /** Empty for the socket in the state folder. */
  readonly url?: string | undefined;
  /** Used as it is; without one, the command line's own key in the state folder asks for one. */
  readonly token?: string | undefined;
  readonly stateFolder?: string | undefined;
  readonly scopes?: readonly Scope[] | undefined;
  /** Makes folder and key where they are missing. */
  readonly ensure?: boolean;
  /** For the whole of a request. */
  readonly limitMs?: number | undefined;
}

/** Why something could not be had, for whoever makes an exit code of it. */
export type NodeFailureKind = 'usage' | 'unreachable' | 'refused' | 'missing' | 'conflict' | 'failed';

export class NodeFailure extends Error {
  override readonly name = 'NodeFailure';
  readonly kind: NodeFailureKind;

  constructor(kind: NodeFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Requests of a person at a machine. */
export interface NodeConnection {
  /** Where it goes to, for messages. */
  readonly base: string;
  token(): Promise<string>;
  /** The body of a successful answer. @throws NodeFailure */
  call(request: Request): Promise<unknown>;
  /** The same without a token, for what everybody may ask. @throws NodeFailure */
  callOpenly(request: Request): Promise<unknown>;
  close(): void;
}

const LIMIT_MS = 30_000;

const KIND_OF_STATUS: Readonly<Record<number, NodeFailureKind>> = {
  400: 'usage',
  401: 'refused',
  403: 'refused',
  404: 'missing',
  409: 'conflict',
  412: 'conflict',
  413: 'usage',
};

function failure(error: unknown, endpoint: Endpoint): NodeFailure {
  if (error instanceof NodeFailure) return error;
  const { message } = error as Error;
  if (error instanceof TokenError && error.refused)
    return new NodeFailure('refused', `${endpoint.base} gives no token: ${message}`, { cause: error });
  if (error instanceof TransportError || (error instanceof TokenError && error.cause instanceof TransportError)) {
    const hint = endpoint.socketPath === null ? '' : '; is `gthulhu agent` or `gthulhu up` running?';
    return new NodeFailure('unreachable', `the node API cannot be reached: ${message}${hint}`, { cause: error });
  }
  if (error instanceof KeyError) return new NodeFailure('refused', message, { cause: error });
  return new NodeFailure('failed', message, { cause: error });
}

/** A token that somebody gave: when it is refused there is no other one. */
const givenToken = (token: string): TokenSource => ({
  get: async () => token,
  forget() {
    throw new NodeFailure('refused', 'the token is not accepted: it has ended, or is of another server');
  },
});

function ownTokens(options: NodeConnectionOptions, stateFolder: string, endpoint: Endpoint): TokenSource {
  // No folder is made for a look at a machine where no agent ever ran.
  if (options.ensure !== true && !existsSync(stateFolder))
    throw new NodeFailure(
      'refused',
      `there is no state folder ${stateFolder}, so no key to show: start \`gthulhu agent\` or \`gthulhu up\`, name the folder with --state-folder, or give a token with --token or GTHULHU_TOKEN`,
    );
  let key: KeyObject;
  try {
    key = clientKey(stateFolder, STATE_FILES.cliKey, 'cli');
  } catch (cause) {
    if (!(cause instanceof KeyError) || process.geteuid?.() === 0) throw cause;
    const hint = 'run it as root, or give a token with --token or GTHULHU_TOKEN';
    throw new NodeFailure('refused', `${cause.message}; ${hint}`, { cause });
  }
  const { scopes } = options;
  return createTokenSource({
    transport: createTransport(endpoint),
    credentials: { by: 'key', clientId: 'cli', key, ...(scopes === undefined ? {} : { scopes }) },
  });
}

/** @throws NodeFailure */
export function openNodeConnection(options: NodeConnectionOptions): NodeConnection {
  const { url = '', token, stateFolder = STATE_FOLDER, limitMs = LIMIT_MS } = options;
  let endpoint: Endpoint;
  try {
    endpoint = parseEndpoint(url, stateFolder);
  } catch (cause) {
    if (!(cause instanceof EndpointError)) throw cause;
    throw new NodeFailure('usage', `--url ${cause.message}`, { cause });
  }
  const transport = createTransport(endpoint, undefined, { requestMs: limitMs, connectMs: Math.min(10_000, limitMs) });
  let tokens: TokenSource | null = null;
  const source = (): TokenSource => {
    try {
      tokens ??= token === undefined ? ownTokens(options, stateFolder, endpoint) : givenToken(token);
      return tokens;
    } catch (error) {
      throw failure(error, endpoint);
    }
  };

  async function call(request: Request, withToken: TokenSource | null): Promise<unknown> {
    try {
      const answer = await createNodeClient(transport, withToken).request(request);
      if (answer.status >= 200 && answer.status < 300) return answer.text === '' ? null : parseJson(answer);
      const kind = KIND_OF_STATUS[answer.status] ?? 'failed';
      const words = serverWords(answer).replace(/^: /, '');
      throw new NodeFailure(kind, words === '' ? `the node API answers with status ${answer.status}` : words);
    } catch (error) {
      if (error instanceof AnswerError)
        throw new NodeFailure('failed', `${endpoint.base}: ${error.message}`, { cause: error });
      throw failure(error, endpoint);
    }
  }

  if (options.ensure === true) source();
  return {
    base: endpoint.base,
    async token() {
      try {
        return await source().get();
      } catch (error) {
        throw failure(error, endpoint);
      }
    },
    call: async (request) => call(request, source()),
    callOpenly: (request) => call(request, null),
    close: () => transport.close(),
  };
}
