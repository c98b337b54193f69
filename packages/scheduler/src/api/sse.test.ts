// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { createEventParser, StreamTooLong } from './sse.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const cases: readonly (readonly [string, string, readonly object[]])[] = [
  ['one event', 'event: policies\nid: 7\ndata: {"a":1}\n\n', [{ event: 'policies', id: '7', data: '{"a":1}' }]],
  ['CR and LF', 'event: x\r\ndata: 1\r\n\r\n', [{ event: 'x', id: '', data: '1' }]],
  ['comments', ':\n\n: still here\n\ndata: 1\n\n', [{ event: 'message', id: '', data: '1' }]],
  ['several lines of data', 'data: a\ndata:b\ndata\n\n', [{ event: 'message', id: '', data: 'a\nb\n' }]],
  [
    'the id stays',
    'id: 1\ndata: a\n\ndata: b\n\n',
    [
      { event: 'message', id: '1', data: 'a' },
      { event: 'message', id: '1', data: 'b' },
    ],
  ],
  ['an event without data is none', 'event: x\n\ndata: y\n\n', [{ event: 'message', id: '', data: 'y' }]],
  ['unknown fields', 'retry: 5\nfoo: bar\ndata: 1\n\n', [{ event: 'message', id: '', data: '1' }]],
  ['letters of several bytes', 'data: 排程\n\n', [{ event: 'message', id: '', data: '排程' }]],
  ['an end that never comes', 'data: 1\n', []],
];

describe.each(cases)('%s', (_name, text, expected) => {
  test('in one piece', () => {
    expect(createEventParser(1_000).push(bytes(text))).toEqual(expected);
  });
  test('byte by byte', () => {
    const parser = createEventParser(1_000);
    expect([...bytes(text)].flatMap((byte) => parser.push(Uint8Array.of(byte)))).toEqual(expected);
  });
});

test('says whether an event has begun', () => {
  const parser = createEventParser(1_000);
  const pending = (text: string): boolean => {
    parser.push(bytes(text));
    return parser.pending;
  };
  expect(pending(': here\n\n')).toBe(false);
  expect(pending('da')).toBe(true);
  expect(pending('ta: 1\n')).toBe(true);
  expect(pending('\n')).toBe(false);
});

test.each(['x'.repeat(200), 'data: 1\n'.repeat(20), ':\n'.repeat(100)])(
  'an event without end is refused: %j',
  (text) => {
    expect(() => createEventParser(100).push(bytes(text))).toThrow(StreamTooLong);
  },
);

test('many events are not one long one', () => {
  const parser = createEventParser(100);
  for (let i = 0; i < 1_000; i++) expect(parser.push(bytes('data: 0123456789\n\n'))).toHaveLength(1);
});
