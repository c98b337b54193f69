// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { KubeError } from '../kube-error.ts';

const NEWLINE = 0x0a;

export interface Lines {
  /** @throws KubeError when a line gets longer than allowed */
  push(chunk: Buffer): void;
  /** Bytes of a line that has not come to its end. */
  readonly pending: number;
}

/** Cuts a stream into lines; keeps no more than one unfinished line. Empty lines are left out. */
export function splitLines(maxBytes: number, onLine: (line: string) => void): Lines {
  let parts: Buffer[] = [];
  let pending = 0;
  const tooLong = (): never => {
    parts = [];
    pending = 0;
    throw new KubeError('ERR_KUBE_TOO_LARGE', `a line of the watch has more than ${maxBytes} bytes`);
  };
  return {
    get pending() {
      return pending;
    },
    push(chunk) {
      let start = 0;
      for (;;) {
        const end = chunk.indexOf(NEWLINE, start);
        if (end < 0) break;
        if (pending + end - start > maxBytes) tooLong();
        let line: string;
        if (pending === 0) {
          line = chunk.toString('utf8', start, end);
        } else {
          parts.push(chunk.subarray(start, end));
          line = Buffer.concat(parts, pending + end - start).toString('utf8');
          parts = [];
          pending = 0;
        }
        start = end + 1;
        if (line.trim() !== '') onLine(line);
      }
      if (start === chunk.length) return;
      pending += chunk.length - start;
      if (pending > maxBytes) tooLong();
      // A copy: the rest of the chunk would be kept with it.
      parts.push(Buffer.from(chunk.subarray(start)));
    },
  };
}
