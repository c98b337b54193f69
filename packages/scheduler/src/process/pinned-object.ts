// SPDX-License-Identifier: Apache-2.0
import {
  attachTracing,
  BpfError,
  type BpfObject,
  globalsOfMap,
  type MapInfo,
  mapInfo,
  openMap,
  openMapTypes,
  openPin,
  type Pin,
  pin,
} from '@gthulhu/bpf';
import type { PinFolder } from './pin-folder.ts';
import { mapPin, PROGRAMS, programPin } from './pins.ts';

/** What the process needs of an object in the kernel: loaded by itself, or pinned by an earlier process. */
export type LoadedObject = Pick<
  BpfObject,
  'maps' | 'map' | 'programFd' | 'globals' | 'layout' | 'variables' | 'attachProgram' | 'close'
>;

const STRUCT_OPS = 'BPF_MAP_TYPE_STRUCT_OPS';

/** Names of the maps that are pinned. All of them: one that user space never opens may hold a timer, which ends with its last user. */
export const pinnedMaps = (maps: readonly MapInfo[]): string[] =>
  maps.filter((map) => map.type !== STRUCT_OPS).map((map) => map.name);

/** Everything but the links, which come last. */
export function pinObject(object: LoadedObject, folder: PinFolder): void {
  const maps = object.maps();
  for (const name of pinnedMaps(maps)) {
    const found = maps.find((map) => map.name === name);
    if (found !== undefined) pin(found.fd, folder.pathOf(mapPin(name)));
  }
  for (const name of PROGRAMS) pin(object.programFd(name), folder.pathOf(programPin(name)));
}

/** What is pinned in the folder, as if it had been loaded here. Throws where one of `maps` or a program is missing. */
export function openPinnedObject(folder: PinFolder, maps: readonly string[]): LoadedObject {
  const pins = new Map<string, Pin>();
  const close = (): void => {
    for (const opened of pins.values()) opened.close();
    pins.clear();
  };
  const fdOf = (name: string, what: string): number => {
    const opened = pins.get(name);
    if (opened === undefined) throw new BpfError('ERR_BPF_NOT_FOUND', `no ${what} is pinned in ${folder.path}`);
    return opened.fd;
  };
  const fdOfMap = (name: string): number => fdOf(mapPin(name), `map ${name}`);
  const fdOfProgram = (name: string): number => fdOf(programPin(name), `program ${name}`);
  try {
    for (const name of [...maps.map(mapPin), ...PROGRAMS.map(programPin)]) pins.set(name, openPin(folder.pathOf(name)));
    const types = openMapTypes(fdOfMap('.bss'));
    return {
      maps: () => maps.map((name) => ({ ...mapInfo(fdOfMap(name)), name })),
      map: (name) => openMap(fdOfMap(name)),
      programFd: fdOfProgram,
      globals: (section) => globalsOfMap(fdOfMap(section), section),
      variables: (section) => types.variables(section),
      layout: (name) => types.layout(name),
      attachProgram: (name) => attachTracing(fdOfProgram(name)),
      close: () => {
        types.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}
