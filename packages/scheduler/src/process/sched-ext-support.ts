// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { isOurs } from './pins.ts';

/** How a kernel says what it can and what it does. */
export interface SchedExtState {
  /** The kernel has sched_ext. */
  readonly supported: boolean;
  /** `enabled`, `disabled`, ... as in /sys/kernel/sched_ext/state; empty where it is not supported. */
  readonly state: string;
  /** Name of the scheduler in force, empty without one. */
  readonly ops: string;
}

export type ReadText = (path: string) => string | null;

const readText: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
};

const ROOT = '/sys/kernel/sched_ext';

export function readSchedExtState(read: ReadText = readText): SchedExtState {
  const state = read(`${ROOT}/state`);
  return { supported: state !== null, state: state ?? '', ops: read(`${ROOT}/root/ops`) ?? '' };
}

/** Why no scheduler can be attached here, in words; null when one can. `code` is the exit code that says so to scripts. */
export interface Obstacle {
  readonly code: 1 | 78;
  readonly sentence: string;
}

/** Exit code of "this kernel cannot do it", as EX_CONFIG of sysexits.h. */
export const EXIT_UNSUPPORTED = 78;

/** @param pinned something is pinned where this process looks: a scheduler of ours in force may be that one */
export function obstacle(
  state: SchedExtState,
  kernelRelease: string,
  hasBtf: boolean,
  pinned = false,
): Obstacle | null {
  if (!state.supported) {
    return {
      code: EXIT_UNSUPPORTED,
      sentence:
        `sched_ext is unsupported on this kernel (${kernelRelease}): /sys/kernel/sched_ext does not exist. ` +
        'It needs Linux 6.12 or later built with CONFIG_SCHED_CLASS_EXT; in a container, /sys of the host must be visible.',
    };
  }
  if (!hasBtf) {
    return {
      code: EXIT_UNSUPPORTED,
      sentence: `this kernel (${kernelRelease}) carries no type information: /sys/kernel/btf/vmlinux does not exist. It must be built with CONFIG_DEBUG_INFO_BTF.`,
    };
  }
  if (state.state !== 'disabled' && !(pinned && isOurs(state.ops))) {
    return {
      code: 1,
      sentence:
        `another sched_ext scheduler is in force: ${state.ops || 'its name is not known'} (state ${state.state}). ` +
        'Only one can be; stop that one first.',
    };
  }
  return null;
}
