// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { keyOf } from './kube-object.ts';
import { readWatchEvent } from './watch-event.ts';

const pod = (metadata: object): object => ({ kind: 'Pod', metadata });
const good = { name: 'a', namespace: 'b', uid: 'c', resourceVersion: '1' };

test('events of objects and bookmarks', () => {
  const event = readWatchEvent(JSON.stringify({ type: 'ADDED', object: pod(good) }));
  expect(event).toMatchObject({ type: 'ADDED', object: { meta: good } });
  expect(keyOf(good)).toBe('b/a');
  expect(keyOf({ ...good, namespace: '' })).toBe('a');
  const bookmark = { type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '7' } } };
  expect(readWatchEvent(JSON.stringify(bookmark))).toEqual({ type: 'BOOKMARK', resourceVersion: '7' });
});

test.each<[why: string, line: unknown]>([
  ['no JSON', '{"type":"ADDED"'],
  ['no object', '[]'],
  ['null', 'null'],
  ['a number', '7'],
  ['no type', JSON.stringify({ object: pod(good) })],
  ['unknown type', JSON.stringify({ type: 'added', object: pod(good) })],
  ['no object in it', JSON.stringify({ type: 'ADDED' })],
  ['metadata is a list', JSON.stringify({ type: 'ADDED', object: { metadata: [] } })],
  ['no name', JSON.stringify({ type: 'ADDED', object: pod({ ...good, name: '' }) })],
  ['a number as name', JSON.stringify({ type: 'ADDED', object: pod({ ...good, name: 7 }) })],
  ['an endless name', JSON.stringify({ type: 'ADDED', object: pod({ ...good, name: 'x'.repeat(254) }) })],
  ['no uid', JSON.stringify({ type: 'DELETED', object: pod({ ...good, uid: undefined }) })],
  ['no version', JSON.stringify({ type: 'DELETED', object: pod({ ...good, resourceVersion: undefined }) })],
  [
    'a version that is no number',
    JSON.stringify({ type: 'DELETED', object: pod({ ...good, resourceVersion: 'new' }) }),
  ],
  ['a list as namespace', JSON.stringify({ type: 'DELETED', object: pod({ ...good, namespace: [] }) })],
  ['a bookmark of no number', JSON.stringify({ type: 'BOOKMARK', object: pod({ resourceVersion: '1e9' }) })],
  ['a bookmark of nothing', JSON.stringify({ type: 'BOOKMARK', object: {} })],
])('refused: %s', (_why, line) => {
  expect(() => readWatchEvent(line as string)).toThrow(expect.objectContaining({ code: 'ERR_KUBE_ANSWER' }));
});

test.each([
  [
    { code: 410, reason: 'Expired', message: 'too old' },
    { status: 410, reason: 'Expired' },
  ],
  [{ code: '410' }, { status: 0 }],
  [null, { status: 0 }],
  [{ code: 500, message: 'a\nb\u001b[31mc' }, { message: 'the watch: 500: a b [31mc' }],
])('an event of type ERROR with %j', (object, error) => {
  expect(() => readWatchEvent(JSON.stringify({ type: 'ERROR', object }))).toThrow(
    expect.objectContaining({ code: 'ERR_KUBE_STATUS', ...error }),
  );
});
