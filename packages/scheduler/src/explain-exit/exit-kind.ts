// SPDX-License-Identifier: Apache-2.0

/**
 * Why the kernel ended a sched_ext scheduler: `enum scx_exit_kind` of the kernels 6.12 to 7.3. The numbers are
 * interface; a kind that a newer kernel brings is called UNKNOWN.
 */
export const EXIT_KIND = {
  NONE: 0,
  DONE: 1,
  UNREG: 64,
  UNREG_BPF: 65,
  UNREG_KERN: 66,
  SYSRQ: 67,
  PARENT_KILL: 69,
  ERROR: 1_024,
  ERROR_BPF: 1_025,
  ERROR_STALL: 1_026,
  ERROR_REENQ: 1_027,
  ERROR_RESCUE: 1_028,
} as const satisfies Record<string, number>;

export type ExitKindName = keyof typeof EXIT_KIND | 'UNKNOWN';

const names = new Map<number, ExitKindName>(
  Object.entries(EXIT_KIND).map(([name, kind]) => [kind, name as keyof typeof EXIT_KIND]),
);

export const exitKindName = (kind: number): ExitKindName => names.get(kind) ?? 'UNKNOWN';

/** Kinds from here on are errors. */
export const isErrorKind = (kind: number): boolean => kind >= EXIT_KIND.ERROR;

/** Bits of the exit code that the kernel itself sets; the lower 32 bits are the scheduler's own. */
const RSN_HOTPLUG = 1n << 32n;
const ACT_RESTART = 1n << 48n;

export interface ExitCode {
  /** A CPU came or went. */
  readonly hotplug: boolean;
  /** The kernel asks for the scheduler to be started again. */
  readonly restart: boolean;
}

/** @param code signed or unsigned 64 bits; a double is exact for the bits that are looked at */
export function readExitCode(code: number | bigint): ExitCode {
  const bits = BigInt.asUintN(64, typeof code === 'bigint' ? code : BigInt(Math.trunc(code)));
  return { hotplug: (bits & RSN_HOTPLUG) !== 0n, restart: (bits & ACT_RESTART) !== 0n };
}
