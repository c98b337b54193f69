// SPDX-License-Identifier: Apache-2.0
import { type Client, isRecord, keyOf, messageOf, readObject, restMs } from '@gthulhu/kube';
import { type Pod, readPod } from './pod.ts';
import type { PodSource } from './pod-source.ts';

/** Containers start in groups: one request for all that happens meanwhile. */
const SETTLE_MS = 250;
/** The kubelet writes the status some time after it made the cgroup: one look more. */
const AGAIN_MS = 2_000;
/** Labels change without a cgroup; the kubelet has no watch to tell. */
const LABELS_MS = 60_000;

function podsOf(answer: unknown): Map<string, Pod> {
  if (!isRecord(answer) || !Array.isArray(answer.items)) throw new Error("the kubelet's answer is no list of pods");
  const pods = new Map<string, Pod>();
  for (const item of answer.items) {
    // The kubelet gives static pods no version.
    const metadata: unknown = isRecord(item) ? item.metadata : undefined;
    const object = isRecord(metadata) ? readObject({ ...item, metadata: { resourceVersion: '0', ...metadata } }) : null;
    const pod = object === null ? null : readPod(object, null);
    if (pod !== null && object !== null) pods.set(keyOf(object.meta), pod);
  }
  return pods;
}

export interface KubeletPodsOptions {
  /** Least time between two looks where no cgroup comes or goes. */
  readonly labelsMs?: number;
  readonly random?: () => number;
}

/**
 * The pods of this node from its kubelet. It has no watch: it is asked when a pod's cgroup comes or goes, and about once
 * a minute for labels.
 */
export function createKubeletPods(client: Client, options: KubeletPodsOptions = {}): PodSource {
  const { labelsMs = LABELS_MS, random = Math.random } = options;
  let synced = false;
  let problem: string | null = null;
  let heardAt: number | null = null;
  let failures = 0;
  let asking = false;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let look: (() => Promise<void>) | undefined;

  const lookIn = (ms: number): void => {
    if (look === undefined || dueAt <= performance.now() + ms) return;
    clearTimeout(timer);
    dueAt = performance.now() + ms;
    timer = setTimeout(() => void look?.(), ms);
  };

  return {
    start(listener, signal) {
      if (signal.aborted) return;
      look = async () => {
        dueAt = Number.POSITIVE_INFINITY;
        asking = true;
        const followUp = again;
        again = false;
        let next = labelsMs * (1 + random() / 2);
        try {
          const pods = podsOf(await client.getJson('/pods', { signal, maxBytes: 64 * 1_048_576 }));
          if (signal.aborted) return;
          synced = true;
          problem = null;
          heardAt = performance.now();
          failures = 0;
          listener.list(pods);
          if (followUp) next = AGAIN_MS;
        } catch (error) {
          if (signal.aborted) return;
          failures += 1;
          problem = messageOf(error);
          next = restMs(failures, random());
          listener.problem(problem);
        }
        asking = false;
        lookIn(again ? SETTLE_MS : next);
      };
      signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          look = undefined;
        },
        { once: true },
      );
      void look();
    },
    nudge() {
      again = true;
      // A kubelet that fails is asked in its own time.
      if (!asking && failures === 0) lookIn(SETTLE_MS);
    },
    status: () => ({
      synced,
      problem,
      heardAgoMs: heardAt === null ? null : performance.now() - heardAt,
      repairs: 0,
    }),
  };
}
