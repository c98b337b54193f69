// SPDX-License-Identifier: Apache-2.0
import { KubeError } from '../kube-error.ts';
import type { Client, Query } from '../rest/client.ts';
import { isRecord, isVersion, type KubeObject, readObject } from './kube-object.ts';

export interface ListOptions {
  readonly query: Query;
  /**
   * State not older than this will do; `0` is whatever the server has at hand. Undefined asks for the newest, which
   * costs the server more.
   */
  readonly notOlderThan: string | undefined;
  readonly pageSize: number;
  readonly maxObjects: number;
  readonly maxPageBytes: number;
  readonly signal: AbortSignal;
  /** Objects that are none, which are left out. */
  readonly onMalformed: () => void;
}

interface Page {
  readonly resourceVersion: string;
  readonly next: string;
  readonly items: readonly unknown[];
}

function readPage(path: string, answer: unknown): Page {
  const fault = (why: string): KubeError => new KubeError('ERR_KUBE_ANSWER', `${path}: the list ${why}`);
  if (!isRecord(answer) || !isRecord(answer.metadata)) throw fault('has no metadata; is this an API server?');
  const { resourceVersion, continue: next = '' } = answer.metadata;
  if (!isVersion(resourceVersion)) throw fault('has no resourceVersion');
  if (typeof next !== 'string') throw fault('has a continue that is no text');
  const items = answer.items ?? [];
  if (!Array.isArray(items)) throw fault('has items that are no list');
  return { resourceVersion, next, items };
}

/**
 * Reads all objects, page by page, and gives each to `take`. A page that is too large is asked for again in smaller ones.
 * @returns the resourceVersion to watch from
 * @throws KubeError
 */
export async function listAll(
  client: Client,
  path: string,
  { query, notOlderThan, pageSize, maxObjects, maxPageBytes, signal, onMalformed }: ListOptions,
  take: (object: KubeObject) => void,
): Promise<string> {
  let limit = pageSize;
  let from: Query =
    notOlderThan === undefined ? {} : { resourceVersion: notOlderThan, resourceVersionMatch: 'NotOlderThan' };
  let objects = 0;
  let next = '';
  for (;;) {
    let page: Page;
    try {
      const answer = await client.getJson(path, {
        query: { ...query, ...from, limit },
        signal,
        maxBytes: maxPageBytes,
      });
      page = readPage(path, answer);
    } catch (error) {
      if (!(error instanceof KubeError) || error.code !== 'ERR_KUBE_TOO_LARGE' || limit === 1) throw error;
      limit = Math.max(1, Math.floor(limit / 4));
      // At a version of its own choice a server may give everything at once, whatever the limit.
      if (next === '') from = {};
      continue;
    }
    objects += page.items.length;
    if (objects > maxObjects) {
      const message = `${path}: the list has more than ${maxObjects} objects; does the server know the selector?`;
      throw new KubeError('ERR_KUBE_TOO_LARGE', message);
    }
    for (const item of page.items) {
      const object = readObject(item);
      if (object === null) onMalformed();
      else take(object);
    }
    if (page.next === '') return page.resourceVersion;
    if (page.next === next || page.items.length === 0)
      throw new KubeError('ERR_KUBE_ANSWER', `${path}: the list goes on without end`);
    next = page.next;
    from = { continue: next };
  }
}
