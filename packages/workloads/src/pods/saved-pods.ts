// SPDX-License-Identifier: Apache-2.0
import { isRecord, readKept, writeKept } from '@gthulhu/kube';
import type { Pod, PodContainer } from './pod.ts';

const MAX_BYTES = 64 * 1_048_576;

/** The pods that were known last, and when the API server was heard last. */
export interface SavedPods {
  readonly pods: ReadonlyMap<string, Pod>;
  /** By the clock of this machine, milliseconds since 1970. */
  readonly heardAt: number;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isContainer = (value: unknown): value is PodContainer =>
  isRecord(value) && isText(value.name) && isText(value.id) && typeof value.ended === 'boolean';
const isPod = (value: unknown): value is Pod =>
  isRecord(value) &&
  [value.uid, value.namespace, value.name, value.cgroupUid, value.createdAt].every(isText) &&
  (value.qosClass === null || isText(value.qosClass)) &&
  isRecord(value.labels) &&
  Object.values(value.labels).every(isText) &&
  Array.isArray(value.containers) &&
  value.containers.every(isContainer);

/** @returns null when nothing is kept for this node
 * @throws Error when there is something that cannot be used */
export function loadPods(file: string, nodeName: string): SavedPods | null {
  const found = readKept(file, MAX_BYTES);
  if (found === null) return null;
  const saved: unknown = JSON.parse(found.text);
  if (!isRecord(saved) || saved.version !== 1 || !Array.isArray(saved.pods)) throw new Error('it is no list of pods');
  if (saved.node !== nodeName) return null;
  const wrong = saved.pods.findIndex((pod) => !isPod(pod));
  if (wrong >= 0) throw new Error(`pod ${wrong} in it is none`);
  const pods = saved.pods as Pod[];
  // Labels are asked by names that a stranger chose.
  const clean = pods.map((pod) => ({
    ...pod,
    labels: Object.assign(Object.create(null), pod.labels) as Pod['labels'],
  }));
  return { pods: new Map(clean.map((pod) => [`${pod.namespace}/${pod.name}`, pod])), heardAt: found.heardAt };
}

/** Writes them whole or leaves those that were there. @throws Error */
export function savePods(file: string, nodeName: string, pods: ReadonlyMap<string, Pod>): void {
  writeKept(file, JSON.stringify({ version: 1, node: nodeName, pods: [...pods.values()] }));
}
