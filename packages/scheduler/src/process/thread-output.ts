// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import process from 'node:process';

/** Characters; the rest of a longer line begins another one. */
const LINE_MAX = 1000;
const SECOND_MS = 1000;

export interface OutputOptions {
  readonly onLine: (line: string) => void;
  /** Lines that are passed on within a second; how many were left out is said with the first one after it. */
  readonly linesASecond: number;
  /** ms; tests have others */
  readonly now?: () => number;
}

/** Takes pieces of text and gives lines, and not more of them than somebody can read. */
export function lineSplitter({ onLine, linesASecond, now = () => performance.now() }: OutputOptions) {
  let rest = '';
  let second = now();
  let told = 0;
  let leftOut = 0;

  function tell(line: string): void {
    const at = now();
    if (at - second >= SECOND_MS) {
      if (leftOut > 0) onLine(`(${leftOut} lines were left out)`);
      second = at;
      told = leftOut = 0;
    }
    if (told++ < linesASecond) onLine(line);
    else leftOut++;
  }
  return (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines)
      for (let at = 0; at === 0 || at < line.length; at += LINE_MAX) tell(line.slice(at, at + LINE_MAX));
    for (; rest.length > LINE_MAX; rest = rest.slice(LINE_MAX)) tell(rest.slice(0, LINE_MAX));
  };
}

/**
 * From now on what this thread prints goes line by line to `onLine`, at once: the thread of a policy never comes to the
 * point where Node would pass it on, and nobody else may write into the log of the process or into its answer.
 */
export function captureOutput(options: OutputOptions): void {
  for (const stream of [process.stdout, process.stderr]) {
    const split = lineSplitter(options);
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      split(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      const done = rest.at(-1);
      if (typeof done === 'function') done();
      return true;
    };
  }
}
