// SPDX-License-Identifier: Apache-2.0
import { type NativeVar, native } from './addon.ts';
import { encodeValue } from './encode.ts';
import { BpfError, shown } from './errors.ts';
import { type GlobalsInfo, openGlobals, type VarInfo, varsOf } from './globals.ts';
import type { StructLayout } from './layout.ts';
import { type BpfLink, wrapLink } from './link.ts';
import { type OnLog, withLog } from './log.ts';
import { type BpfMap, type MapInfo, wrapMap } from './map.ts';

export interface OpenOptions {
  /** gets libbpf's messages about open, load and attach, right after each */
  readonly onLog?: OnLog;
}

/** A BPF object file: open it, set what has to be set before loading, load it, attach parts of it. */
export interface BpfObject {
  /** A global variable by name: .rodata only before load(), .data and .bss at any time. Integers must fit exactly. */
  setGlobal(name: string, value: number | bigint | boolean | Uint8Array): void;
  /** before load() */
  setMapMaxEntries(name: string, n: number): void;
  /** A member of a struct_ops map, before load(): an integer, text for a char array, or null for "no such callback". */
  setOpsField(opsMap: string, field: string, value: number | bigint | string | null): void;
  /**
   * Loads maps and programs. First takes every struct_ops callback out that the running kernel's struct does not
   * have, together with its program; their names come back. Throws ERR_BPF_LOAD with the verifier's log.
   */
  load(): { nulledOps: string[] };
  /** all maps with their full names, in the order of the file */
  maps(): MapInfo[];
  /** after load(); the map stays usable when the object is closed */
  map(name: string): BpfMap;
  /** after load(); valid while the object is open */
  programFd(name: string): number;
  /** of a section of globals such as '.bss', after load() */
  globals(section: string): GlobalsInfo;
  /** Where the variables of a section lie; also before load(). */
  variables(section: string): Readonly<Record<string, VarInfo>>;
  /** of a struct that a global, a map or a function of the object uses */
  layout(structName: string): StructLayout;
  /** a struct_ops map declared in SEC(".struct_ops.link") */
  attach(opsMap: string): BpfLink;
  /** to the target in the program's section name, such as tp_btf/sched_switch */
  attachProgram(progName: string): BpfLink;
  /** Idempotent. Links and maps live on. */
  close(): void;
}

/** Opens the file without loading anything into the kernel. At most 64 MiB. Throws ERR_BPF_OPEN. */
export function openObject(path: string, opts: OpenOptions = {}): BpfObject {
  const onLog = opts?.onLog;
  if (onLog !== undefined && typeof onLog !== 'function')
    throw new BpfError('ERR_BPF_ARGUMENT', 'onLog must be a function');
  const handle = withLog(onLog, () => native.openObject(path));
  let loaded = false;
  // As long as it is open they are the same: dozens are set one after the other.
  let known: NativeVar[] | null = null;
  const vars = (): NativeVar[] => {
    known ??= native.vars(handle);
    return known;
  };
  const globals = (section: string): GlobalsInfo => ({
    ...native.section(handle, section),
    vars: varsOf(vars(), section),
  });

  function setGlobal(name: string, value: number | bigint | boolean | Uint8Array): void {
    const variable = vars().find((candidate) => candidate.name === name);
    if (!variable) throw new BpfError('ERR_BPF_NOT_FOUND', `${path} has no global variable ${shown(name)}`);
    const bytes = encodeValue(value, variable, name);
    if (!loaded) {
      native.writeGlobal(handle, variable.section, variable.offset, bytes);
      return;
    }
    const mapped = openGlobals(globals(variable.section));
    try {
      mapped.write(name, bytes);
    } finally {
      mapped.close();
    }
  }

  function setOpsField(opsMap: string, field: string, value: number | bigint | string | null): void {
    if (value === null) {
      native.setOpsField(handle, opsMap, field, null);
      return;
    }
    const { fields } = native.opsLayout(handle, opsMap);
    if (typeof field !== 'string' || !Object.hasOwn(fields, field))
      throw new BpfError('ERR_BPF_NOT_FOUND', `${shown(opsMap)} has no member ${shown(field)}`);
    native.setOpsField(handle, opsMap, field, encodeValue(value, fields[field], `${opsMap}.${field}`));
  }

  function map(name: string): BpfMap {
    const info = native.maps(handle).find((candidate) => candidate.name === name);
    if (!info) throw new BpfError('ERR_BPF_NOT_FOUND', `${path} has no map ${shown(name)}`);
    if (info.fd < 0) throw new BpfError('ERR_BPF_MAP', `map ${name} does not exist before load()`);
    return wrapMap(info);
  }

  return {
    setGlobal,
    setOpsField,
    map,
    setMapMaxEntries: (name, n) => native.setMapMaxEntries(handle, name, n),
    load: () => {
      const nulledOps = withLog(onLog, () => native.load(handle));
      loaded = true;
      return { nulledOps };
    },
    maps: () => native.maps(handle),
    programFd: (name) => native.programFd(handle, name),
    globals,
    variables: (section) => varsOf(vars(), section),
    layout: (structName) => native.structLayout(handle, structName),
    attach: (opsMap) => wrapLink(withLog(onLog, () => native.attachOps(handle, opsMap))),
    attachProgram: (progName) => wrapLink(withLog(onLog, () => native.attachProgram(handle, progName))),
    close: () => {
      known = null;
      native.close(handle);
    },
  };
}
