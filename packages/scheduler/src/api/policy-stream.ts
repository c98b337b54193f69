// SPDX-License-Identifier: Apache-2.0
import { applyChange, NODE_API_PATHS, type NodePolicies } from '@gthulhu/contracts';
import { AnswerError } from './json-answer.ts';
import type { NodeClient } from './node-client.ts';
import { PoliciesError, parseChange, parsePolicies } from './read-policies.ts';
import { createEventParser, type ServerEvent } from './sse.ts';
import { ANSWER_MAX_BYTES, type OpenAnswer } from './transport.ts';

/** A comment comes every 10 s: after so long without any byte the other side is gone, whatever the socket says. */
const SILENCE_LIMIT_MS = 25_000;
/** From the first byte of an event to its last. */
const EVENT_LIMIT_MS = 30_000;

export interface StreamLimits {
  readonly silenceMs: number;
  readonly eventMs: number;
}

export interface PolicyStreamOptions {
  readonly client: NodeClient;
  readonly onPolicies: (policies: NodePolicies) => void;
  /** Some byte came: the stream is alive. */
  readonly onAlive: () => void;
  readonly limits?: StreamLimits;
}

export interface PolicyStream {
  /** Resolves with the reason when it has ended, whoever ended it. */
  readonly ended: Promise<string>;
  close(): void;
}

function checkHead(answer: OpenAnswer): void {
  const type = answer.headers['content-type'] ?? '';
  if (answer.status === 200 && type.startsWith('text/event-stream')) return;
  const what =
    answer.status === 200 ? `an answer of type ${type.slice(0, 80) || 'unknown'}` : `status ${answer.status}`;
  throw new AnswerError(`the API gives ${what} instead of a stream of policies`, answer.status);
}

/** What an event makes of the policies that the stream has told before; null for one of another kind. */
function policiesOf({ event, data }: ServerEvent, before: NodePolicies | null): NodePolicies | null {
  if (event === 'policies') return parsePolicies(data);
  if (event !== 'change') return null;
  if (before === null) throw new PoliciesError('a change came before the policies that it is about');
  return applyChange(before, parseChange(data));
}

/** Follows `GET policies?watch=1` until it ends. @throws what opening it ends with */
export async function openPolicyStream(options: PolicyStreamOptions): Promise<PolicyStream> {
  const { client, onPolicies, onAlive, limits = { silenceMs: SILENCE_LIMIT_MS, eventMs: EVENT_LIMIT_MS } } = options;
  const answer = await client.open({
    method: 'GET',
    path: `${NODE_API_PATHS.policies}?watch=1&changes=1`,
    headers: { accept: 'text/event-stream' },
  });
  // Its errors arrive below; until then one must not end the process.
  answer.message.on('error', () => {});
  try {
    checkHead(answer);
  } catch (error) {
    answer.close();
    throw error;
  }
  const parser = createEventParser(ANSWER_MAX_BYTES);
  const { message } = answer;
  let told: NodePolicies | null = null;
  let end: (reason: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    let silence: NodeJS.Timeout | undefined;
    let unfinished: NodeJS.Timeout | undefined;
    end = (reason) => {
      clearTimeout(silence);
      clearTimeout(unfinished);
      answer.close();
      resolve(reason);
    };
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => end(`nothing came for ${limits.silenceMs / 1000} s`), limits.silenceMs);
    };
    heard();
    message.on('data', (chunk: Buffer) => {
      heard();
      onAlive();
      try {
        for (const event of parser.push(chunk)) {
          const next = policiesOf(event, told);
          if (next === null) continue;
          onPolicies(next);
          told = next;
        }
      } catch (error) {
        end((error as Error).message);
        return;
      }
      if (!parser.pending) {
        clearTimeout(unfinished);
        unfinished = undefined;
      } else
        unfinished ??= setTimeout(
          () => end(`an event was not complete after ${limits.eventMs / 1000} s`),
          limits.eventMs,
        );
    });
    message.on('error', (error) => end(answer.explain(error)));
    message.on('end', () => end('the API has closed it'));
    message.on('close', () => end('it was closed'));
  });
  return { ended, close: () => end('it was closed') };
}
