// SPDX-License-Identifier: Apache-2.0
import { type NativeVar, native } from './addon.ts';
import { encodeInteger, encodeValue } from './encode.ts';
import { BpfError, shown } from './errors.ts';

/** A global variable of a BPF object: bytes from the start of its section, bytes in all, and of what it is made. */
export interface VarInfo {
  readonly offset: number;
  /** bytes of the whole variable */
  readonly size: number;
  /** bytes of one element; the variable is `size / elementSize` of them */
  readonly elementSize: number;
  readonly signed: boolean;
  /** false for structs and everything else that is no integer, enum or pointer */
  readonly scalar: boolean;
}

/** Enough to map a section of globals in any thread of this process, while the object is open. Structured-clonable. */
export interface GlobalsInfo {
  readonly fd: number;
  /** bytes */
  readonly size: number;
  readonly vars: Readonly<Record<string, VarInfo>>;
}

/** A mapped section. Reads and writes are single loads and stores where the variable is aligned. */
export interface Globals {
  /** an integer (element `index` of an array); 64-bit values beyond 2^53 lose their last bits */
  readNumber(name: string, index?: number): number;
  readBigInt(name: string): bigint;
  /** Out of range, a fraction, or a read-only section: ERR_BPF_ARGUMENT. */
  write(name: string, value: number | bigint | boolean | Uint8Array, index?: number): void;
  /** a copy of the whole variable */
  bytes(name: string): Uint8Array;
  close(): void;
}

/** The variables of one section, by name. */
export function varsOf(variables: readonly NativeVar[], section: string): Record<string, VarInfo> {
  if (typeof section !== 'string') throw new BpfError('ERR_BPF_ARGUMENT', `no section ${shown(section)}`);
  const own = variables.filter((variable) => variable.section === section);
  return Object.fromEntries(
    own.map(({ name, offset, size, count, signed, scalar }) => [
      name,
      { offset, size: size * count, elementSize: size, signed, scalar },
    ]),
  );
}

/** The variable's place. What comes from elsewhere is checked: lengths here, limits in the addon. */
export function varOf(info: GlobalsInfo, name: string): VarInfo {
  if (typeof info !== 'object' || info === null || typeof info.vars !== 'object' || info.vars === null)
    throw new BpfError('ERR_BPF_ARGUMENT', 'expected what globals() of a BPF object gave');
  if (typeof name !== 'string' || !Object.hasOwn(info.vars, name))
    throw new BpfError('ERR_BPF_NOT_FOUND', `no global variable ${shown(name)} in this section`);
  const { offset, size, elementSize, signed, scalar } = (info.vars[name] ?? {}) as Partial<VarInfo>;
  if (!isSize(offset) || !isSize(size) || !isSize(elementSize) || elementSize === 0 || size % elementSize !== 0)
    throw new BpfError('ERR_BPF_ARGUMENT', `the place of ${name} is damaged; pass on what globals() gave`);
  return { offset, size, elementSize, signed: signed === true, scalar: scalar === true };
}

function isSize(n: unknown): n is number {
  return typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;
}

function elementOf(info: GlobalsInfo, name: string, index: number): { offset: number; variable: VarInfo } {
  const variable = varOf(info, name);
  const { offset, size, elementSize, scalar } = variable;
  if (!scalar) throw new BpfError('ERR_BPF_ARGUMENT', `${name} is no number; read its bytes`);
  if (!Number.isInteger(index) || index < 0 || (index + 1) * elementSize > size)
    throw new BpfError(
      'ERR_BPF_ARGUMENT',
      `${name}[${typeof index === 'number' ? index : shown(index)}] does not exist: it has ${size / elementSize} elements`,
    );
  return { offset: offset + index * elementSize, variable };
}

/** Maps a section of globals. Throws ERR_BPF_MAP or ERR_BPF_ARGUMENT where the descriptor is none. */
export function openGlobals(info: GlobalsInfo): Globals {
  if (typeof info !== 'object' || info === null)
    throw new BpfError('ERR_BPF_ARGUMENT', 'expected what globals() of a BPF object gave');
  const handle = native.openGlobals(info.fd);
  return {
    readNumber: (name, index = 0) => {
      const { offset, variable } = elementOf(info, name, index);
      return native.readGlobal(handle, offset, variable.elementSize, variable.signed);
    },
    readBigInt: (name) => {
      const { offset, variable } = elementOf(info, name, 0);
      return native.readGlobalBig(handle, offset, variable.elementSize, variable.signed);
    },
    write: (name, value, index) => {
      if (value instanceof Uint8Array && index === undefined) {
        const variable = varOf(info, name);
        native.writeMapped(handle, variable.offset, encodeValue(value, { ...variable, count: 1 }, name));
        return;
      }
      if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'boolean')
        throw new BpfError('ERR_BPF_ARGUMENT', `${shown(name)} takes a number, a bigint or a boolean there`);
      const { offset, variable } = elementOf(info, name, index ?? 0);
      native.writeMapped(handle, offset, encodeInteger(value, variable.elementSize, variable.signed, name));
    },
    bytes: (name) => {
      const { offset, size } = varOf(info, name);
      return native.copyGlobal(handle, offset, size);
    },
    close: () => native.close(handle),
  };
}
