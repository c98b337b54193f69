// SPDX-License-Identifier: Apache-2.0
import type { AgentLog } from '../agent-log.ts';

/** Something known from elsewhere, that may be old. */
export interface Known {
  /** `workloads`, `strategies of ConfigMap a/b` */
  readonly what: string;
  /** Whether it is of now. */
  readonly current: boolean;
  /** Why it is not. */
  readonly note: string;
}

/** A connection that is back by the next look was no trouble. */
const LOOK_MS = 2_000;

/** Says once when what is known begins to get old, and once when it is of now again. @returns ends it */
export function tellOfAge(look: () => readonly Known[], log: AgentLog, lookMs: number = LOOK_MS): () => void {
  /** How many looks in a row it was old. */
  const old = new Map<string, number>();
  const timer = setInterval(() => {
    for (const { what, current, note } of look()) {
      const looks = old.get(what) ?? 0;
      if (current) {
        old.delete(what);
        if (looks > 1) log.info(`${what}: of now again`);
      } else {
        old.set(what, looks + 1);
        if (looks === 1) log.warn(`${what}: ${note}`);
      }
    }
  }, lookMs);
  timer.unref();
  return () => clearInterval(timer);
}
