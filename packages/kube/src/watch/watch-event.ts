// SPDX-License-Identifier: Apache-2.0
import { KubeError } from '../kube-error.ts';
import { fromStatus } from '../rest/status-error.ts';
import { isRecord, isVersion, type KubeObject, readObject } from './kube-object.ts';

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

const malformed = (why: string): KubeError => new KubeError('ERR_KUBE_ANSWER', `the watch sent ${why}`);

/**
 * One line of a watch.
 * @throws KubeError ERR_KUBE_STATUS for an event of type ERROR, ERR_KUBE_ANSWER for what is no event
 */
export function readWatchEvent(line: string): WatchEvent {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (cause) {
    throw new KubeError('ERR_KUBE_ANSWER', 'the watch sent a line that is no JSON', { cause });
  }
  if (!isRecord(event)) throw malformed('a line that is no event');
  const { type, object } = event;
  if (type === 'ERROR') throw fromStatus('the watch', isRecord(object) ? object : {});
  if (type === 'BOOKMARK') {
    const version = isRecord(object) && isRecord(object.metadata) ? object.metadata.resourceVersion : undefined;
    if (!isVersion(version)) throw malformed('a bookmark without a resourceVersion');
    return { type, resourceVersion: version };
  }
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') throw malformed('an event of an unknown type');
  const read = readObject(object);
  if (read === null) throw malformed(`an object without name, uid or resourceVersion (${type})`);
  return { type, object: read };
}
