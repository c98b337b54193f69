// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { entry, type LogEntry } from './entry.ts';
import { createLogger, formatJson, formatPlain, type LogFormat } from './logger.ts';

const NOW = new Date('2025-09-22T13:15:09.123Z');
const lines = (format: LogFormat, use: (logger: ReturnType<typeof createLogger>) => void, debug = false): string[] => {
  const out: string[] = [];
  use(createLogger({ format, debug, write: (line) => out.push(line), now: () => NOW }));
  return out;
};

describe('plain', () => {
  // The zone is fixed when a process starts, so each one gets a process.
  test.each([
    ['UTC', '2025/09/22 13:15:09'],
    ['Asia/Taipei', '2025/09/22 21:15:09'],
    ['America/St_Johns', '2025/09/22 10:45:09'],
  ])('time in TZ=%s', (zone, time) => {
    const script = `import { plainTime } from './logger.ts'; process.stdout.write(plainTime(new Date(${NOW.getTime()})));`;
    const printed = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
      cwd: import.meta.dirname,
      env: { ...process.env, TZ: zone, NODE_OPTIONS: '' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(printed).toBe(time);
  });

  test('one line for an entry, whatever is in it', () => {
    const nasty = entry('comm a\nb\r\t\u001b[31m\u202e\u2028 é 排');
    expect(formatPlain(nasty, NOW)).toMatch(/ comm a\\nb\\r\\t\\u001b\[31m\\u202e\\u2028 é 排$/);
  });

  test('a bare entry carries no time', () => {
    const bare: LogEntry = { ...entry('map: queued'), bare: true };
    expect(formatPlain(bare, NOW)).toBe('map: queued');
  });

  test('only warnings and errors say what they are', () => {
    const out = lines('plain', (logger) => {
      logger.info('one');
      logger.warn('two');
      logger.error('three');
    });
    expect(out.map((line) => line.slice(20))).toEqual(['one\n', 'Warning: two\n', 'Error: three\n']);
  });
});

describe('json', () => {
  test('time, level, msg, fields, in this order', () => {
    const out = lines('json', (logger) => logger.warn('slow', { waitNs: 5, task: 'a' }));
    expect(out).toEqual(['{"time":"2025-09-22T13:15:09.123Z","level":"warn","msg":"slow","waitNs":5,"task":"a"}\n']);
  });

  test('a field cannot take the place of the time', () => {
    expect(JSON.parse(formatJson(entry('a', 'a', { time: 1, level: 2, msg: 3 }), NOW))).toEqual({
      time: NOW.toISOString(),
      level: 'info',
      msg: 'a',
      time_: 1,
      level_: 2,
      msg_: 3,
    });
  });

  test('what is escaped is still the same value', () => {
    const text = 'a\n\u001b\u0085\u202e\u2028"\\é';
    const line = formatJson(entry('x', 'x', { text }), NOW);
    expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}]/u);
    expect(JSON.parse(line)).toMatchObject({ text });
  });
});

test.each([
  [false, ['info']],
  [true, ['fine', 'info']],
])('debug lines with debug=%j', (debug, expected) => {
  const out = lines(
    'json',
    (logger) => {
      logger.debug('fine');
      logger.info('info');
    },
    debug,
  );
  expect(out.map((line) => JSON.parse(line).msg)).toEqual(expected);
});
