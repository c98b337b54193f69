// SPDX-License-Identifier: Apache-2.0
/**
 * BPF for Node: objects, maps, globals, ring buffers, decisions, links, and a few system calls, through a thin native
 * addon over the system's libbpf. Everything works in workers. Every failure is a BpfError.
 */
export type { SchedAttr } from './addon.ts';
export { type Decisions, openDecisions } from './decisions.ts';
export { BpfError, type BpfErrorCode, type BpfErrorDetails } from './errors.ts';
export { type Globals, type GlobalsInfo, openGlobals, type VarInfo } from './globals.ts';
export { type Kernel, kernel } from './kernel.ts';
export type { FieldLayout, StructLayout } from './layout.ts';
export type { BpfLink } from './link.ts';
export type { LogLevel, OnLog } from './log.ts';
export { type BpfMap, type MapInfo, mapInfo, openMap } from './map.ts';
export { globalsOfMap, type MapTypes, openMapTypes } from './map-types.ts';
export { type BpfObject, type OpenOptions, openObject } from './object.ts';
export {
  attachTracing,
  type FolderLock,
  isBpfFs,
  lockFolder,
  mountBpfFs,
  openPin,
  type Pin,
  type PinKind,
  pin,
} from './pin.ts';
export {
  enableBpfStats,
  openSyscallProgram,
  type ProgInfo,
  type ProgStats,
  progInfo,
  progStats,
  type SyscallProgram,
} from './program.ts';
export { openRing, type Ring, wakeRing } from './ring.ts';
export { releaseAfterStart } from './settle.ts';
export { type Sys, sys } from './sys.ts';
