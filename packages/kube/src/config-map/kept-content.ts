// SPDX-License-Identifier: Apache-2.0
import { rmSync } from 'node:fs';
import { readKept, writeKept } from '../kept-file.ts';
import { isRecord } from '../watch/kube-object.ts';
import type { ConfigMapContent } from './read-config-map.ts';

/** A ConfigMap has a mebibyte at most; as JSON it may be some times as long. */
const MAX_BYTES = 8 * 1_048_576;

/** Which text of which ConfigMap. */
export interface ContentSource {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

export interface KeptContent {
  readonly content: ConfigMapContent;
  /** When the API server was heard last, by the clock of this machine, milliseconds since 1970. */
  readonly heardAt: number;
}

/** @returns null when nothing is kept of this source
 * @throws Error when there is something that cannot be used */
export function loadContent(file: string, { namespace, name, key }: ContentSource): KeptContent | null {
  const found = readKept(file, MAX_BYTES);
  if (found === null) return null;
  const kept: unknown = JSON.parse(found.text);
  if (!isRecord(kept) || kept.version !== 1) throw new Error('it is no text of a ConfigMap');
  if (kept.namespace !== namespace || kept.name !== name || kept.key !== key) return null;
  const { text, createdAt, resourceVersion, seenAt } = kept;
  if (
    typeof text !== 'string' ||
    typeof createdAt !== 'string' ||
    typeof resourceVersion !== 'string' ||
    typeof seenAt !== 'number'
  )
    throw new Error('it has no text');
  return { content: { text, createdAt, resourceVersion, seenAt }, heardAt: found.heardAt };
}

/** Keeps a text whole or leaves what was there; null removes it. @throws Error */
export function keepContent(file: string, source: ContentSource, content: ConfigMapContent | null): void {
  if (content === null) {
    rmSync(file, { force: true });
    return;
  }
  const { namespace, name, key } = source;
  const { text, createdAt, resourceVersion, seenAt } = content;
  writeKept(file, JSON.stringify({ version: 1, namespace, name, key, createdAt, resourceVersion, seenAt, text }));
}
