// SPDX-License-Identifier: Apache-2.0
import { entry, type LogEntry, type LogFields, type LogLevel } from './entry.ts';
import { oneLine, plainJson } from './escape.ts';

export type LogFormat = 'plain' | 'json';
export const LOG_FORMATS: readonly LogFormat[] = ['plain', 'json'];

export interface LoggerOptions {
  readonly format: LogFormat;
  /** Lines of level `debug` are dropped without it. */
  readonly debug?: boolean;
  /** Gets each line with its newline. */
  readonly write: (line: string) => void;
  readonly now?: () => Date;
}

export interface Logger {
  log(entry: LogEntry): void;
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
}

const two = (n: number): string => String(n).padStart(2, '0');

/** `2025/09/22 13:15:09` in the zone of the process (TZ). */
export function plainTime(date: Date): string {
  const day = `${String(date.getFullYear()).padStart(4, '0')}/${two(date.getMonth() + 1)}/${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Information carries no word, as in the published logs; only what needs attention says so. */
const PREFIX: Readonly<Record<LogLevel, string>> = { debug: '', info: '', warn: 'Warning: ', error: 'Error: ' };

/** `2025/09/22 13:15:09 TEXT`, or TEXT alone for a bare entry. */
export function formatPlain(line: LogEntry, now: Date): string {
  if (line.bare === true) return oneLine(line.text);
  return oneLine(`${plainTime(now)} ${PREFIX[line.level]}${line.text}`);
}

const RESERVED: readonly string[] = ['time', 'level', 'msg'];

/** One JSON object: time (RFC 3339, UTC, milliseconds), level, msg, then the fields. */
export function formatJson(line: LogEntry, now: Date): string {
  const record: Record<string, unknown> = { time: now.toISOString(), level: line.level, msg: line.msg };
  for (const [name, value] of Object.entries(line.fields)) record[RESERVED.includes(name) ? `${name}_` : name] = value;
  return plainJson(JSON.stringify(record));
}

/** Writes each entry as one line. */
export function createLogger({ format, debug = false, write, now = () => new Date() }: LoggerOptions): Logger {
  const formatLine = format === 'json' ? formatJson : formatPlain;
  const log = (line: LogEntry): void => {
    if (line.level === 'debug' && !debug) return;
    write(`${formatLine(line, now())}\n`);
  };
  const at =
    (level: LogLevel) =>
    (text: string, fields: LogFields = {}): void =>
      log(entry(text, text, fields, level));
  return { log, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
