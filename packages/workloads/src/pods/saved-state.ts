// SPDX-License-Identifier: Apache-2.0
import { messageOf, touchKept } from '@gthulhu/kube';
import type { Pod } from './pod.ts';
import type { PodSourceStatus } from './pod-source.ts';
import { loadPods, savePods } from './saved-pods.ts';

/** Many pods change at once when a node starts; a crash in between loses so much. */
const SETTLE_MS = 2_000;
const TOUCH_MS = 60_000;

/** The pods on disk, as they change. Failures are told once, and stop nothing. */
export interface SavedState {
  /** What was kept by a process before; null is nothing. */
  load(): ReadonlyMap<string, Pod> | null;
  /** Begins to note when the source was heard. */
  start(status: () => PodSourceStatus): void;
  changed(pods: ReadonlyMap<string, Pod>): void;
  /** Milliseconds since the source was heard by whoever wrote what was loaded; null when the clock cannot say. */
  ageMs(): number | null;
  end(status: PodSourceStatus): void;
}

const works = ({ synced, problem }: PodSourceStatus): boolean => synced && problem === null;

export function createSavedState(file: string, nodeName: string, onWarning: (sentence: string) => void): SavedState {
  let heardAt: number | null = null;
  let waiting: ReadonlyMap<string, Pod> | null = null;
  let settle: NodeJS.Timeout | undefined;
  let touch: NodeJS.Timeout | undefined;
  let wrote = false;
  let warned = false;

  const warn = (what: string, error: unknown): void => {
    if (!warned)
      onWarning(
        `${file}: ${what}: ${messageOf(error)}; after a restart the pods will be unknown until the API server is heard`,
      );
    warned = true;
  };
  const write = (): void => {
    clearTimeout(settle);
    settle = undefined;
    if (waiting === null) return;
    try {
      savePods(file, nodeName, waiting);
      wrote = true;
      warned = false;
    } catch (error) {
      warn('the pods could not be kept', error);
    }
    waiting = null;
  };

  return {
    load() {
      try {
        const saved = loadPods(file, nodeName);
        heardAt = saved?.heardAt ?? null;
        return saved?.pods ?? null;
      } catch (error) {
        onWarning(`${file}: the pods kept there can't be used: ${messageOf(error)}`);
        return null;
      }
    },
    start(status) {
      touch = setInterval(() => {
        if (!wrote || waiting !== null || !works(status())) return;
        try {
          touchKept(file);
        } catch (error) {
          warn('the time could not be noted', error);
        }
      }, TOUCH_MS);
      touch.unref();
    },
    changed(pods) {
      waiting = pods;
      settle ??= setTimeout(write, SETTLE_MS).unref();
    },
    ageMs() {
      const age = heardAt === null ? -1 : Date.now() - heardAt;
      return age < 0 ? null : age;
    },
    end(status) {
      clearInterval(touch);
      write();
      if (wrote && works(status))
        try {
          touchKept(file);
        } catch {
          // What is kept is there; only its age is told too old.
        }
    },
  };
}
