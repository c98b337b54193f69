// SPDX-License-Identifier: Apache-2.0
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isRecord } from '@gthulhu/kube';
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
  let heardAt: number;
  let text: string;
  try {
    const { size, mtimeMs } = statSync(file);
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes, at most ${MAX_BYTES} are read`);
    heardAt = mtimeMs;
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const saved: unknown = JSON.parse(text);
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
  return { pods: new Map(clean.map((pod) => [`${pod.namespace}/${pod.name}`, pod])), heardAt };
}

/**
 * Writes them whole: whoever reads finds the old ones or the new ones, also after a crash.
 * @throws Error
 */
export function savePods(file: string, nodeName: string, pods: ReadonlyMap<string, Pod>): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const work = `${file}.${process.pid}`;
  try {
    const handle = openSync(work, 'w', 0o600);
    try {
      writeSync(handle, JSON.stringify({ version: 1, node: nodeName, pods: [...pods.values()] }));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(work, file);
  } catch (error) {
    rmSync(work, { force: true, recursive: true });
    throw error;
  }
}

/** Notes that the API server has been heard, and that what is kept is what it says. */
export function touchPods(file: string, now: Date = new Date()): void {
  utimesSync(file, now, now);
}
