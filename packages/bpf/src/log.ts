// SPDX-License-Identifier: Apache-2.0
import { native } from './addon.ts';

export type LogLevel = 'warn' | 'info' | 'debug';
export type OnLog = (level: LogLevel, line: string) => void;

const LEVELS: Readonly<Record<string, LogLevel>> = { w: 'warn', i: 'info', d: 'debug' };
const WARNINGS_ONLY = -1;
const EVERYTHING = 2;

function deliver(onLog: OnLog): void {
  native.setLogLevel(WARNINGS_ONLY);
  for (const line of native.takeLog().split('\n')) if (line) onLog(LEVELS[line.charAt(0)] ?? 'info', line.slice(1));
}

/** Runs `call` and hands libbpf's lines about it to `onLog` afterwards, also when it threw. */
export function withLog<Result>(onLog: OnLog | undefined, call: () => Result): Result {
  if (!onLog) return call();
  native.setLogLevel(EVERYTHING);
  let result: Result;
  try {
    result = call();
  } catch (error) {
    deliver(onLog);
    throw error;
  }
  deliver(onLog);
  return result;
}
