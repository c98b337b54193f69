// SPDX-License-Identifier: Apache-2.0
import { isRecord, type KubeObject } from '../watch/kube-object.ts';

/** One text of a ConfigMap, as the API server tells it. */
export interface ToldContent {
  readonly text: string;
  /** When the API server made the ConfigMap, RFC 3339, as it says; empty where it does not. */
  readonly createdAt: string;
  readonly resourceVersion: string;
}

export interface ConfigMapContent extends ToldContent {
  /** When this machine saw the text first, also before a restart; milliseconds since 1970. */
  readonly seenAt: number;
}

/** The text under one key of a ConfigMap, or what is wrong with it. */
export type ConfigMapText =
  | ({ readonly ok: true } & ToldContent)
  | { readonly ok: false; readonly why: string; readonly resourceVersion: string };

const list = (keys: readonly string[]): string => (keys.length === 0 ? 'no keys' : keys.slice(0, 10).join(', '));

export function readConfigMap({ raw, meta }: KubeObject, key: string): ConfigMapText {
  const { resourceVersion } = meta;
  const data = isRecord(raw.data) ? raw.data : {};
  const text = Object.hasOwn(data, key) ? data[key] : undefined;
  if (typeof text === 'string') {
    const made = isRecord(raw.metadata) ? raw.metadata.creationTimestamp : undefined;
    return { ok: true, text, createdAt: typeof made === 'string' ? made.slice(0, 40) : '', resourceVersion };
  }
  const binary = isRecord(raw.binaryData) && Object.hasOwn(raw.binaryData, key);
  const why = binary
    ? `has ${key} as binary data; it must be UTF-8 text`
    : `has no key ${key}; it has ${list(Object.keys(data))}`;
  return { ok: false, why, resourceVersion };
}
