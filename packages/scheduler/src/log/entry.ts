// SPDX-License-Identifier: Apache-2.0

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a field of a JSON line may hold. */
export type LogValue = string | number | boolean | null | readonly LogValue[] | { readonly [key: string]: LogValue };
export type LogFields = Readonly<Record<string, LogValue>>;

/** One thing to be said, for both formats. */
export interface LogEntry {
  readonly level: LogLevel;
  /** The whole line for people, without time. */
  readonly text: string;
  /** The fixed part, for machines. */
  readonly msg: string;
  /** The variable parts, for machines. */
  readonly fields: LogFields;
  /** The plain line carries no time, as the ones of libbpf. */
  readonly bare?: boolean;
}

/** An entry whose variable parts are in `fields` and, written out, in `text`. */
export const entry = (text: string, msg = text, fields: LogFields = {}, level: LogLevel = 'info'): LogEntry => ({
  level,
  text,
  msg,
  fields,
});
