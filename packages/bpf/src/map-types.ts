// SPDX-License-Identifier: Apache-2.0
import { native } from './addon.ts';
import { type GlobalsInfo, type VarInfo, varsOf } from './globals.ts';
import type { StructLayout } from './layout.ts';

/** The type information of an object whose map is in the kernel already, without its file. */
export interface MapTypes {
  /** as layout() of a BPF object */
  layout(structName: string): StructLayout;
  /** Where the variables of a section such as '.bss' lie. */
  variables(section: string): Readonly<Record<string, VarInfo>>;
  close(): void;
}

/** Throws ERR_BPF_NOT_FOUND where the map was made without type information. */
export function openMapTypes(mapFd: number): MapTypes {
  const handle = native.openMapBtf(mapFd);
  return {
    layout: (structName) => native.btfLayout(handle, structName),
    variables: (section) => varsOf(native.btfVars(handle), section),
    close: () => native.close(handle),
  };
}

/** A section of globals that is in the kernel already: for openGlobals() and openDecisions(). */
export function globalsOfMap(mapFd: number, section: string): GlobalsInfo {
  const types = openMapTypes(mapFd);
  try {
    return { fd: mapFd, size: native.mapInfo(mapFd).valueSize, vars: types.variables(section) };
  } finally {
    types.close();
  }
}
