// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { KubeError } from '../kube-error.ts';

const NEWLINE = 0x0a;
/** Room for the begun line that stays; for a longer one it is made, and let go afterwards. */
const ROOM_BYTES = 65_536;

export interface Lines {
  /** @throws KubeError when a line gets longer than allowed */
  push(chunk: Buffer): void;
  /** Bytes of a line that has not come to its end. */
  readonly pending: number;
}

/**
 * Cuts a stream into lines; keeps no more than one unfinished line. Empty lines are left out. What is kept is copied into
 * one buffer that stays: slices of Node's pool would each hold 64 KiB, and live long enough to be garbage that V8 collects
 * late.
 */
export function splitLines(maxBytes: number, onLine: (line: string) => void): Lines {
  let room = Buffer.alloc(0);
  let pending = 0;
  const keep = (chunk: Buffer, start: number, end: number): void => {
    const wanted = pending + end - start;
    if (wanted > maxBytes) {
      pending = 0;
      room = Buffer.alloc(0);
      throw new KubeError('ERR_KUBE_TOO_LARGE', `a line of the watch has more than ${maxBytes} bytes`);
    }
    if (wanted > room.length) {
      const wider = Buffer.allocUnsafeSlow(Math.max(ROOM_BYTES, Math.min(maxBytes, 2 * wanted)));
      room.copy(wider, 0, 0, pending);
      room = wider;
    }
    chunk.copy(room, pending, start, end);
    pending = wanted;
  };
  const take = (): string => {
    const line = room.toString('utf8', 0, pending);
    pending = 0;
    if (room.length > ROOM_BYTES) room = Buffer.alloc(0);
    return line;
  };
  return {
    get pending() {
      return pending;
    },
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        const whole = pending === 0 && end - start <= maxBytes;
        if (!whole) keep(chunk, start, end);
        const line = whole ? chunk.toString('utf8', start, end) : take();
        start = end + 1;
        if (line.trim() !== '') onLine(line);
      }
      if (start < chunk.length) keep(chunk, start, chunk.length);
    },
  };
}
