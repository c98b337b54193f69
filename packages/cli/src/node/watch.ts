// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 1_000;

/**
 * Asks once, or again and again until the process is ended, and shows what is different from the time before.
 * @param ask returns what is to be shown, and the exit code
 */
export async function showOrWatch(
  watch: boolean,
  ask: () => Promise<{ readonly text: string; readonly code: number }>,
  show: (text: string) => void,
): Promise<number> {
  let last: string | null = null;
  for (;;) {
    const { text, code } = await ask();
    if (text !== last) show(last === null ? text : `\n${text}`);
    if (!watch) return code;
    last = text;
    await sleep(PAUSE_MS);
  }
}
