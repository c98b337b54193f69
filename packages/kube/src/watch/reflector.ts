// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeError, messageOf } from '../kube-error.ts';
import type { Client, Query } from '../rest/client.ts';
import { restMs } from './backoff.ts';
import { isEarlier, type KubeObject, keyOf } from './kube-object.ts';
import { listAll } from './list.ts';
import { afterFailure, type From, SILENT, WENT_BACK } from './resume.ts';
import { type WatchTiming, watchOnce } from './watch-once.ts';

export type Change<T> =
  /** The state as a whole, after a list. */
  | { readonly kind: 'list'; readonly objects: ReadonlyMap<string, T> }
  | { readonly kind: 'set'; readonly key: string; readonly object: T; readonly before: T | undefined }
  | { readonly kind: 'gone'; readonly key: string; readonly before: T };

export interface ReflectorOptions<T> {
  readonly client: Client;
  /** `/api/v1/pods` */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /**
   * What to keep of an object; null where it is none of ours. What throws here counts as malformed. `before` is what is
   * kept of it so far: given back, nothing has changed, and nobody is told.
   */
  readonly keep: (object: KubeObject, before: T | undefined) => T | null;
  readonly onChange: (change: Change<T>) => void;
  /** Each failure, before the rest that follows it; and what a handler of onChange threw. */
  readonly onProblem?: (error: KubeError, restMs: number) => void;
  readonly pageSize?: number;
  readonly maxObjects?: number;
  readonly maxPageBytes?: number;
  readonly timing?: Partial<WatchTiming>;
  readonly random?: () => number;
}

export interface ReflectorCounts {
  lists: number;
  watches: number;
  events: number;
  bookmarks: number;
  /** Objects that are none, in lists. */
  malformed: number;
  failures: number;
}

export interface ReflectorStatus {
  readonly state: 'listing' | 'watching' | 'resting' | 'closed';
  /** A list has come to its end: the objects are those of the server at some time. */
  readonly synced: boolean;
  readonly objects: number;
  /** Milliseconds since the server was last heard; null is never. */
  readonly heardAgoMs: number | null;
  /** Why it does not work now; null where it does. */
  readonly problem: string | null;
  readonly counts: Readonly<ReflectorCounts>;
}

export interface Reflector<T> {
  readonly objects: ReadonlyMap<string, T>;
  status(): ReflectorStatus;
  /** Ends the watch; nothing is called afterwards. */
  close(): Promise<void>;
}

const PAGE_SIZE = 100;
const MAX_OBJECTS = 20_000;
const MAX_PAGE_BYTES = 8 * 1_048_576;
/** A watch that lasted so long was not in vain, even if nothing happened. */
const GOOD_WATCH_MS = 10_000;

/**
 * Keeps a copy of the objects of one kind: lists them, watches, and after any failure goes on from where it was, or
 * lists again where that is too long ago. It never gives up before close().
 */
export function startReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const { client, path, keep, onChange, onProblem, timing, random = Math.random } = options;
  const query: Query = { fieldSelector: options.fieldSelector, labelSelector: options.labelSelector };
  const closing = new AbortController();
  const counts: ReflectorCounts = { lists: 0, watches: 0, events: 0, bookmarks: 0, malformed: 0, failures: 0 };
  let objects = new Map<string, T>();
  let state: ReflectorStatus['state'] = 'listing';
  let synced = false;
  let heardAt: number | null = null;
  let problem: string | null = null;
  let version: string | undefined;
  let from: From = 'list-any';
  let failures = 0;

  const heard = (): void => {
    heardAt = performance.now();
  };
  const tell = (change: Change<T>): void => {
    try {
      onChange(change);
    } catch (cause) {
      const message = `${path}: a change could not be handled: ${messageOf(cause)}`;
      onProblem?.(new KubeError('ERR_KUBE_ANSWER', message, { cause }), 0);
    }
  };
  const keepOf = (object: KubeObject, key: string): T | null => {
    try {
      return keep(object, objects.get(key));
    } catch {
      counts.malformed += 1;
      return null;
    }
  };

  const list = async (): Promise<void> => {
    state = 'listing';
    counts.lists += 1;
    const found = new Map<string, T>();
    const notOlderThan = from === 'list-newest' ? undefined : (version ?? '0');
    version = await listAll(
      client,
      path,
      {
        query,
        notOlderThan,
        pageSize: options.pageSize ?? PAGE_SIZE,
        maxObjects: options.maxObjects ?? MAX_OBJECTS,
        maxPageBytes: options.maxPageBytes ?? MAX_PAGE_BYTES,
        signal: closing.signal,
        onMalformed: () => {
          counts.malformed += 1;
        },
      },
      (object) => {
        const key = keyOf(object.meta);
        const kept = keepOf(object, key);
        if (kept !== null) found.set(key, kept);
      },
    );
    heard();
    objects = found;
    synced = true;
    from = 'watch';
    tell({ kind: 'list', objects });
  };

  const remove = (key: string): void => {
    const before = objects.get(key);
    if (before === undefined) return;
    objects.delete(key);
    tell({ kind: 'gone', key, before });
  };
  const set = (object: KubeObject): void => {
    const key = keyOf(object.meta);
    const kept = keepOf(object, key);
    if (kept === null) {
      remove(key);
      return;
    }
    const before = objects.get(key);
    if (kept === before) return;
    if (before === undefined && objects.size >= (options.maxObjects ?? MAX_OBJECTS)) {
      const message = `${path}: more than ${options.maxObjects ?? MAX_OBJECTS} objects came by the watch`;
      throw new KubeError('ERR_KUBE_TOO_LARGE', message);
    }
    objects.set(key, kept);
    tell({ kind: 'set', key, object: kept, before });
  };

  const advance = (to: string): void => {
    if (version !== undefined && isEarlier(to, version)) {
      const message = `${path}: the server went back from version ${version} to ${to}; was it restored from a backup?`;
      throw new KubeError('ERR_KUBE_ANSWER', message, { reason: WENT_BACK });
    }
    version = to;
  };

  const watch = async (): Promise<void> => {
    const start = performance.now();
    counts.watches += 1;
    let useful = false;
    try {
      await watchOnce(client, path, { ...query, resourceVersion: version }, closing.signal, timing, random, {
        onOpen() {
          state = 'watching';
          problem = null;
          heard();
        },
        onEvent(event) {
          heard();
          useful = true;
          failures = 0;
          if (event.type === 'BOOKMARK') {
            counts.bookmarks += 1;
            advance(event.resourceVersion);
            return;
          }
          counts.events += 1;
          advance(event.object.meta.resourceVersion);
          if (event.type === 'DELETED') remove(keyOf(event.object.meta));
          else set(event.object);
        },
      });
    } finally {
      if (performance.now() - start >= GOOD_WATCH_MS) failures = 0;
    }
    if (useful) return;
    const message = `${path}: ${client.server} ended the watch without a word`;
    throw new KubeError('ERR_KUBE_CONNECTION', message, { reason: SILENT });
  };

  const rest = async (error: KubeError): Promise<void> => {
    failures += 1;
    counts.failures += 1;
    const next = afterFailure(error, from);
    from = next;
    const ms = restMs(failures, random(), error.retryAfterMs, timing?.backoff);
    state = 'resting';
    problem = error.message;
    onProblem?.(error, ms);
    await sleep(ms, undefined, { signal: closing.signal }).catch(() => {});
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        if (from === 'watch') await watch();
        else await list();
      } catch (error) {
        if (closing.signal.aborted) break;
        await rest(
          error instanceof KubeError ? error : new KubeError('ERR_KUBE_ANSWER', messageOf(error), { cause: error }),
        );
      }
    }
    state = 'closed';
  };
  const running = run();

  return {
    get objects() {
      return objects;
    },
    status: () => ({
      state,
      synced,
      objects: objects.size,
      heardAgoMs: heardAt === null ? null : performance.now() - heardAt,
      problem,
      counts: { ...counts },
    }),
    close() {
      closing.abort();
      return running;
    },
  };
}
