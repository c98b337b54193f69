// SPDX-License-Identifier: Apache-2.0
import { defaultConfig } from '@gthulhu/contracts';
import { PinFolder } from './pin-folder.ts';
import { isOurs } from './pins.ts';
import { readSchedExtState, type SchedExtState } from './sched-ext-support.ts';
import { untilDisabled } from './takeover.ts';

/** What `gthulhu off` did; `-o json` prints it. */
export interface OffReport {
  readonly ok: boolean;
  readonly message: string;
  readonly pinPath: string;
  /** Names that were removed. */
  readonly unpinned: readonly string[];
  readonly state: string;
  readonly ops: string;
  /** From unpinning to `disabled`. */
  readonly waitedMs: number | null;
}

export interface OffOptions {
  readonly pinPath?: string | undefined;
}

/** Why nothing is touched; null where unpinning may begin. */
export function whyNotOff({ state, ops }: SchedExtState): string | null {
  if (state === '' || state === 'disabled' || isOurs(ops)) return null;
  return `${ops || 'a scheduler without a name'} is in force (state ${state}), which is no gthulhu: it was left alone`;
}

/** What is said when nothing was pinned. */
export function nothingPinned(pinPath: string, { supported, state, ops }: SchedExtState): OffReport {
  const report = { pinPath, unpinned: [], state, ops, waitedMs: null };
  if (!supported || state === 'disabled')
    return { ...report, ok: true, message: `nothing is pinned in ${pinPath}, and no scheduler is in force` };
  return {
    ...report,
    ok: false,
    message: `nothing is pinned in ${pinPath}; ${ops || 'a scheduler'} is in force (state ${state}) and ends with its process: end that process, or name its folder with --pin-path`,
  };
}

/** Ends the pinned scheduler: removes its pins and waits until nothing is in force. A process that serves it notices. */
export async function turnOff({ pinPath = defaultConfig().scheduler.pinPath }: OffOptions): Promise<OffReport> {
  const before = readSchedExtState();
  const refused = whyNotOff(before);
  if (refused !== null) return { ...before, ok: false, message: refused, pinPath, unpinned: [], waitedMs: null };
  const pins = new PinFolder(pinPath);
  const unpinned = pins.unpin();
  if (unpinned.length === 0) return nothingPinned(pinPath, before);
  const waitedMs = await untilDisabled();
  const after = readSchedExtState();
  const report = { pinPath, unpinned, waitedMs, state: after.state, ops: after.ops };
  const removed = `${unpinned.length} pins removed from ${pinPath}`;
  if (waitedMs === null)
    return {
      ...report,
      ok: false,
      message: `${removed}, but ${after.ops || 'a scheduler'} is still in force (state ${after.state}): another process holds it`,
    };
  return { ...report, ok: true, message: `${removed}; no scheduler is in force any more (after ${waitedMs} ms)` };
}
