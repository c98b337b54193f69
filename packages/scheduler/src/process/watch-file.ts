// SPDX-License-Identifier: Apache-2.0
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** An editor writes a file in several steps; the last one counts. */
const SETTLE_MS = 50;
/** Where a file system raises no events, and as a repair for lost ones. */
const REREAD_MS = 5000;

export interface FileWatch {
  stop(): void;
}

export interface WatchOptions {
  /** Something may have happened to the file; also called every few seconds without that. */
  readonly onChange: () => void;
  /** It is looked at every few seconds only, and why. */
  readonly onUnwatched: (sentence: string) => void;
  readonly settleMs?: number;
  readonly rereadMs?: number;
}

/** The directory is watched: editors and ConfigMaps replace files, a ConfigMap by a new `..data` beside it. */
function watchFolder(file: string, changed: () => void, failed: (reason: string) => void): FSWatcher | null {
  try {
    const watcher = watch(dirname(file), (_event, name) => {
      if (name === null || name === basename(file) || name.startsWith('..')) changed();
    });
    watcher.on('error', (error) => failed(error.message));
    return watcher;
  } catch (error) {
    failed(error instanceof Error ? error.message : String(error));
    return null;
  }
}

/** Tells when a file may have changed: written in place, renamed over, or a symlink on its way turned round. */
export function watchFile(file: string, options: WatchOptions): FileWatch {
  const { onChange, onUnwatched, settleMs = SETTLE_MS, rereadMs = REREAD_MS } = options;
  let settle: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(settle);
    settle = setTimeout(onChange, settleMs);
  };
  const watcher = watchFolder(file, soon, (reason) =>
    onUnwatched(`${file} is looked at every ${rereadMs / 1000} s only: ${reason}`),
  );
  const reread = setInterval(onChange, rereadMs);
  return {
    stop() {
      clearInterval(reread);
      clearTimeout(settle);
      watcher?.close();
    },
  };
}
