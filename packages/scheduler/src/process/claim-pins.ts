// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log/logger.ts';
import type { PinFolder } from './pin-folder.ts';

/** A process that is ending may still have the folder. */
const LOCK_WAIT_MS = 10_000;
const LOCK_LOOK_MS = 100;

/**
 * Makes the folder of pins this process's own, for as long as it lives. With `pin` false only where something is
 * pinned. Throws where another process serves it, or where nothing can be pinned.
 */
export async function claimPins(pins: PinFolder, pin: boolean, logger: Logger, signal: AbortSignal): Promise<void> {
  if (!pin && pins.names().length === 0) return;
  if (pin && pins.prepare())
    logger.warn(
      'mounted a bpf file system on /sys/fs/bpf; inside a container it ends with the container: mount that of the host there',
    );
  const start = performance.now();
  let told = false;
  while (!pins.lock()) {
    if (signal.aborted) return;
    if (performance.now() - start > LOCK_WAIT_MS)
      throw new Error(
        `another gthulhu process serves the scheduler pinned in ${pins.path}; end that process first (the scheduler stays in force)`,
      );
    if (!told) logger.info(`another process still serves the scheduler pinned in ${pins.path}: waiting for its end`);
    told = true;
    await sleep(LOCK_LOOK_MS, undefined, { signal }).catch(() => {});
  }
}
