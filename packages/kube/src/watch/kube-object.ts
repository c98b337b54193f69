// SPDX-License-Identifier: Apache-2.0

export interface ObjectMeta {
  readonly name: string;
  /** Empty for what is not in a namespace. */
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** An object of the API as it came: only its metadata has been looked at. */
export interface KubeObject {
  readonly meta: ObjectMeta;
  /** All of it; nothing in it is certain. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A name or an identifier is a text that is not empty and not endless (names end at 253 characters). */
const isName = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= 253;

/**
 * Versions of the API server itself are whole numbers that only grow, and may be compared (API conventions, "comparable
 * resource versions").
 */
export const isVersion = (value: unknown): value is string => typeof value === 'string' && /^[0-9]{1,20}$/.test(value);

/** Whether version `a` is of an earlier state than `b`. */
export const isEarlier = (a: string, b: string): boolean => BigInt(a) < BigInt(b);

/** The object, or null when it has not what every object has. */
export function readObject(value: unknown): KubeObject | null {
  if (!isRecord(value) || !isRecord(value.metadata)) return null;
  const { name, namespace = '', uid, resourceVersion } = value.metadata;
  if (!isName(name) || !isName(uid) || !isVersion(resourceVersion)) return null;
  if (namespace !== '' && !isName(namespace)) return null;
  return { meta: { name, namespace: namespace as string, uid, resourceVersion }, raw: value };
}

/** Key among the objects of one kind. */
export const keyOf = ({ namespace, name }: ObjectMeta): string => (namespace === '' ? name : `${namespace}/${name}`);
