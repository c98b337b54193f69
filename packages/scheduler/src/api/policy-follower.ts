// SPDX-License-Identifier: Apache-2.0
import type { NodePolicies } from '@gthulhu/contracts';
import type { NodeClient } from './node-client.ts';
import { type Polled, pollPolicies } from './policy-poll.ts';
import { openPolicyStream, type PolicyStream, type StreamLimits } from './policy-stream.ts';

/** A stream that has said something so lately is taken for one that works: comments come every 10 s. */
const ALIVE_MS = 12_000;
/** A stream that keeps ending is tried again after so many intervals, at most. */
const MOST_PAUSES = 16;

export interface PolicyFollowerOptions {
  readonly client: NodeClient;
  readonly intervalMs: number;
  /** Puts them in force, whole. What it throws counts as a failure of the answer. */
  readonly apply: (policies: NodePolicies) => void;
  /** Asked, and they are what they were. */
  readonly onUnchanged: () => void;
  readonly onFailed: (error: Error) => void;
  readonly onStream?: (sentence: string) => void;
  readonly streamLimits?: StreamLimits | undefined;
  readonly aliveMs?: number | undefined;
}

export interface PolicyFollower {
  stop(): Promise<void>;
}

/**
 * Keeps the policies of the node API in force. They come through a stream. While it does not work they are asked for
 * every `intervalMs`, at once when it has ended, and it is opened anew after an answer, less and less often while it
 * keeps ending. At most one question and one stream are under way.
 */
export function followPolicies(options: PolicyFollowerOptions): PolicyFollower {
  const { client, intervalMs, apply, onUnchanged, onFailed, onStream = () => {} } = options;
  const { streamLimits, aliveMs = ALIVE_MS } = options;
  let stopped = false;
  let etag = '';
  /** Grows with each answer that was put in force: a question that was asked before knows less. */
  let applied = 0;
  let stream: PolicyStream | null = null;
  let opening: Promise<void> | null = null;
  let heardAt = Number.NEGATIVE_INFINITY;
  /** Streams in a row that told nothing or ended early. */
  let failures = 0;
  let pauses = 0;
  let timer: NodeJS.Timeout | undefined;
  let polling: Promise<void> | null = null;

  function put(policies: NodePolicies, newEtag: string): void {
    apply(policies);
    applied++;
    etag = newEtag;
  }

  async function follow(): Promise<void> {
    const opened = performance.now();
    let reason: string;
    try {
      stream = await openPolicyStream({
        client,
        onPolicies: (policies) => put(policies, `"${policies.revision}"`),
        onAlive: () => {
          heardAt = performance.now();
        },
        ...(streamLimits === undefined ? {} : { limits: streamLimits }),
      });
      if (stopped) stream.close();
      reason = await stream.ended;
    } catch (error) {
      reason = (error as Error).message;
    }
    stream = null;
    heardAt = Number.NEGATIVE_INFINITY;
    if (stopped) return;
    const early = performance.now() - opened < intervalMs;
    failures = early ? failures + 1 : 0;
    pauses = early ? Math.min(MOST_PAUSES, 2 ** failures) : 0;
    onStream(`the stream of policies has ended: ${reason}`);
    // What was missed is asked for at once, but not in a loop with a stream that ends at once.
    if (!early) schedule(0);
  }

  async function poll(): Promise<void> {
    const before = applied;
    let polled: Polled;
    try {
      polled = await pollPolicies(client, etag);
      if (stopped) return;
      // The stream has told newer ones while this answer was on its way.
      if (polled.policies === null) onUnchanged();
      else if (applied === before) put(polled.policies, polled.etag);
    } catch (error) {
      if (!stopped) onFailed(error as Error);
      return;
    }
    if (opening !== null) return;
    if (pauses > 0) {
      pauses--;
      return;
    }
    opening = follow().finally(() => {
      opening = null;
    });
  }

  function tick(): void {
    schedule(intervalMs);
    if (polling !== null || performance.now() - heardAt < aliveMs) return;
    polling = poll().finally(() => {
      polling = null;
    });
  }

  function schedule(ms: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(tick, ms);
  }

  tick();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      stream?.close();
      await Promise.all([polling, opening]);
    },
  };
}
