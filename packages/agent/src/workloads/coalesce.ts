// SPDX-License-Identifier: Apache-2.0

/** From the first change until it is told, ms: what comes together is told together. */
const GATHER_MS = 2;
/** Telling takes at most this part of the time, whatever comes. */
const SHARE = 1 / 4;

export interface Coalesced {
  /** Soon, once for all that ask meanwhile. */
  ask(): void;
  stop(): void;
}

/** Runs something soon after it is asked for, not once for each time. @param run takes as long as it takes */
export function coalesce(run: () => void): Coalesced {
  let timer: NodeJS.Timeout | null = null;
  let notBefore = 0;
  const go = (): void => {
    timer = null;
    const start = performance.now();
    run();
    const end = performance.now();
    notBefore = end + (end - start) * (1 / SHARE - 1);
  };
  return {
    ask: () => {
      timer ??= setTimeout(go, Math.max(GATHER_MS, notBefore - performance.now()));
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}
