// SPDX-License-Identifier: Apache-2.0
import { type Client, type Reflector, startReflector } from '@gthulhu/kube';
import { keepSame, type Pod, readPod } from './pod.ts';
import type { PodSource } from './pod-source.ts';

/** Nodes run 110 pods, some many more; what is beyond is a server that does not know the selector. */
const MAX_PODS = 10_000;

/** The pods of one node from the API server, by a watch. */
export function createApiPods(client: Client, nodeName: string): PodSource {
  let reflector: Reflector<Pod> | undefined;
  return {
    start(listener, signal) {
      if (signal.aborted) return;
      reflector = startReflector<Pod>({
        client,
        path: '/api/v1/pods',
        fieldSelector: `spec.nodeName=${nodeName}`,
        keep: (object, before) => keepSame(before, readPod(object, nodeName)),
        maxObjects: MAX_PODS,
        onChange(change) {
          if (change.kind === 'list') listener.list(change.objects);
          else if (change.kind === 'set') listener.set(change.key, change.object);
          else listener.gone(change.key);
        },
        onProblem: ({ message }) => listener.problem(message),
      });
      const { close } = reflector;
      signal.addEventListener('abort', () => void close(), { once: true });
    },
    nudge() {},
    status() {
      if (reflector === undefined) return { synced: false, problem: null, heardAgoMs: null, repairs: 0 };
      const { synced, problem, heardAgoMs, counts } = reflector.status();
      return { synced, problem, heardAgoMs, repairs: Math.max(0, counts.lists - 1) };
    },
  };
}
