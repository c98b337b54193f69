// SPDX-License-Identifier: Apache-2.0
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BpfError } from './errors.ts';
import type { StructLayout } from './layout.ts';
import type { MapInfo } from './map.ts';

declare const handleKind: unique symbol;

/** An external value of the addon. It stays inside this package. */
export interface Handle<Kind extends string> {
  readonly [handleKind]: Kind;
}
export type ObjectHandle = Handle<'object'>;
export type LinkHandle = Handle<'link'>;
export type MapHandle = Handle<'map'>;
export type GlobalsHandle = Handle<'globals'>;
export type ProgramHandle = Handle<'program'>;

export interface NativeVar {
  readonly name: string;
  readonly section: string;
  readonly offset: number;
  /** bytes of one element */
  readonly size: number;
  readonly count: number;
  readonly signed: boolean;
  readonly scalar: boolean;
}

export interface NativeOpsField {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
  readonly signed: boolean;
  readonly pointer: boolean;
}

export interface NativeRing {
  readonly handle: Handle<'ring'>;
  readonly wakeFd: number;
  drain(): number;
  /** at most 250 ms; 0 nothing, 1 records, 2 woken */
  wait(ms: number): number;
  skipped(): number;
}

export interface NativeDecisions {
  readonly handle: Handle<'decisions'>;
  apply(n: number): number;
  encode(n: number): void;
}

export interface SchedAttr {
  /** SCHED_* number: 0 other, 1 fifo, 2 rr, 3 batch, 5 idle, 6 deadline, 7 ext */
  readonly policy: number;
  readonly flags: number;
  readonly nice: number;
  readonly priority: number;
  readonly runtimeNs: number;
  readonly deadlineNs: number;
  readonly periodNs: number;
}

/** The functions of native/*.c; what each does is said there, above its C function. */
export interface NativeAddon {
  init(errorClass: typeof BpfError): void;
  takeLog(): string;
  setLogLevel(level: number): void;
  close(handle: Handle<string>): void;
  openObject(path: string): ObjectHandle;
  load(object: ObjectHandle): string[];
  maps(object: ObjectHandle): MapInfo[];
  setMapMaxEntries(object: ObjectHandle, map: string, n: number): void;
  writeGlobal(object: ObjectHandle, section: string, offset: number, bytes: Uint8Array): void;
  programFd(object: ObjectHandle, name: string): number;
  section(object: ObjectHandle, name: string): { fd: number; size: number };
  structLayout(object: ObjectHandle, name: string): StructLayout;
  opsLayout(object: ObjectHandle, map: string): { size: number; fields: Record<string, NativeOpsField> };
  vars(object: ObjectHandle): NativeVar[];
  setOpsField(object: ObjectHandle, map: string, field: string, bytes: Uint8Array | null): void;
  attachOps(object: ObjectHandle, map: string): LinkHandle;
  attachProgram(object: ObjectHandle, name: string): LinkHandle;
  linkFd(link: LinkHandle): number;
  pinLink(link: LinkHandle, path: string): void;
  attachTracing(progFd: number): LinkHandle;
  pinFd(fd: number, path: string): void;
  openPin(path: string): { handle: Handle<'pin'>; kind: 'map' | 'prog' | 'link'; fd: number };
  isBpfFs(path: string): boolean;
  mountBpfFs(path: string): void;
  lockFolder(path: string): Handle<'lock'> | null;
  openMapBtf(mapFd: number): Handle<'btf'>;
  btfLayout(btf: Handle<'btf'>, name: string): StructLayout;
  btfVars(btf: Handle<'btf'>): NativeVar[];
  openMap(fd: number): MapHandle;
  mapInfo(fd: number): MapInfo;
  lookup(map: MapHandle, key: Uint8Array, perCpu: boolean): Uint8Array | null;
  update(map: MapHandle, key: Uint8Array, value: Uint8Array, flags: number): void;
  deleteKey(map: MapHandle, key: Uint8Array): boolean;
  keys(map: MapHandle): Uint8Array;
  openGlobals(fd: number): GlobalsHandle;
  readGlobal(globals: GlobalsHandle, offset: number, size: number, signed: boolean): number;
  readGlobalBig(globals: GlobalsHandle, offset: number, size: number, signed: boolean): bigint;
  writeMapped(globals: GlobalsHandle, offset: number, bytes: Uint8Array): void;
  copyGlobal(globals: GlobalsHandle, offset: number, length: number): Uint8Array;
  openRing(fd: number, recordSize: number, plan: number[], arrays: Float64Array[], capacity: number): NativeRing;
  wakeRing(fd: number): void;
  waitRing(ringFd: number, wakeFd: number, ms: number): Promise<boolean>;
  openDecisions(
    progFd: number,
    globalsFd: number,
    arrayOffset: number,
    structSize: number,
    plan: number[],
    arrays: Float64Array[],
    capacity: number,
  ): NativeDecisions;
  openProgram(fd: number, ctxSize: number): ProgramHandle;
  runProgram(program: ProgramHandle, ctx?: Uint8Array): number;
  progInfo(fd: number): { name: string; typeId: number; id: number };
  progStats(fd: number): { name: string; runCount: number; runTimeNs: number };
  enableStats(): Handle<'stats'>;
  btfHasField(struct: string, field: string): boolean;
  btfHasType(name: string): boolean;
  btfHasFunc(name: string): boolean;
  enumValue(enumName: string, valueName: string): bigint | null;
  possibleCpus(): number;
  libbpfVersion(): string;
  pidfdOpen(pid: number, thread: boolean): number;
  closeFd(fd: number): void;
  gettid(): number;
  threadCpuNs(): number;
  monotonicNs(): number;
  releaseProgramPages(): number;
  sleepUntil(monotonicNs: number): number;
  schedGetAttr(pid: number): SchedAttr;
  schedSetAttr(
    pid: number,
    policy: number,
    flags: number,
    nice: number,
    priority: number,
    runtimeNs: number,
    deadlineNs: number,
    periodNs: number,
  ): void;
  prctlTimerSlack(ns: number): void;
}

function loadAddon(): NativeAddon {
  // Another build of the addon, such as the one with AddressSanitizer, can be chosen by its path.
  const chosen = process.env.GTHULHU_BPF_ADDON;
  const path = chosen || fileURLToPath(new URL('../build/gthulhu_bpf.node', import.meta.url));
  try {
    const addon = createRequire(import.meta.url)(path) as NativeAddon;
    addon.init(BpfError);
    return addon;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BpfError(
      'ERR_BPF_OPEN',
      `cannot load the native addon ${path}: ${why}; build it with "make -C packages/bpf" and install libbpf 1.4.6 or later`,
      { cause },
    );
  }
}

/** This thread's instance of the addon. */
export const native: NativeAddon = loadAddon();
