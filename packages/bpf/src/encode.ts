// SPDX-License-Identifier: Apache-2.0
import { BpfError } from './errors.ts';

/** A variable or member that takes a value: `count` elements of `size` bytes. */
export interface Slot {
  readonly size: number;
  readonly count: number;
  readonly signed: boolean;
}

export type SlotValue = number | bigint | boolean | Uint8Array | string;

function refuse(what: string, why: string): never {
  throw new BpfError('ERR_BPF_ARGUMENT', `cannot set ${what}: ${why}`);
}

function toBigInt(value: number | bigint | boolean, what: string): bigint {
  if (typeof value === 'number' && !Number.isInteger(value)) refuse(what, `${value} is not an integer`);
  return BigInt(value);
}

/** One integer of 1, 2, 4 or 8 bytes in this machine's byte order (every supported machine is little-endian). */
export function encodeInteger(
  value: number | bigint | boolean,
  size: number,
  signed: boolean,
  what: string,
): Uint8Array {
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) refuse(what, `it is no number (${size} bytes)`);
  const n = toBigInt(value, what);
  const bits = BigInt(size * 8);
  const min = signed ? -(1n << (bits - 1n)) : 0n;
  const max = signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  if (n < min || n > max) refuse(what, `${n} is outside ${min}..${max}`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, n), true);
  return bytes.slice(0, size);
}

/** Text with its closing zero, padded with zeros to the array's length. */
function encodeText(value: string, slot: Slot, what: string): Uint8Array {
  if (slot.size !== 1) refuse(what, 'it is no array of characters');
  const text = new TextEncoder().encode(value);
  if (text.includes(0)) refuse(what, 'the text contains a NUL');
  if (text.length >= slot.count) refuse(what, `at most ${slot.count - 1} bytes of text fit, got ${text.length}`);
  const bytes = new Uint8Array(slot.count);
  bytes.set(text);
  return bytes;
}

/** The bytes of `value` for the whole slot. Nothing is cut: what does not fit is an ERR_BPF_ARGUMENT. */
export function encodeValue(value: SlotValue, slot: Slot, what: string): Uint8Array {
  const total = slot.size * slot.count;
  if (typeof value === 'string') return encodeText(value, slot, what);
  if (value instanceof Uint8Array) {
    if (value.length !== total) refuse(what, `it has ${total} bytes, got ${value.length}`);
    return value;
  }
  if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'boolean')
    refuse(what, 'expected a number, bigint, boolean or Uint8Array');
  if (slot.count !== 1) refuse(what, `it is an array of ${slot.count}; give a Uint8Array`);
  return encodeInteger(value, slot.size, slot.signed, what);
}
