// SPDX-License-Identifier: Apache-2.0

/** The bytes of 32-bit integers in a row, as a C program here lays them out. */
export function i32(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

export function u64(...values: (number | bigint)[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer);
}

/** 32-bit integers read back. */
export function readI32(bytes: Uint8Array): number[] {
  return [...new Int32Array(bytes.slice().buffer)];
}
