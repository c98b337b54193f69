// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { EXIT_UNSUPPORTED, obstacle, readSchedExtState } from './sched-ext-support.ts';

const reader = (files: Record<string, string>) => (path: string) =>
  files[path.replace('/sys/kernel/sched_ext/', '')] ?? null;

test.each([
  [{}, { supported: false, state: '', ops: '' }],
  [{ state: 'disabled' }, { supported: true, state: 'disabled', ops: '' }],
  [
    { state: 'enabled', 'root/ops': 'rusty' },
    { supported: true, state: 'enabled', ops: 'rusty' },
  ],
])('files %j are the state %j', (files, state) => {
  expect(readSchedExtState(reader(files))).toEqual(state);
});

test.each([
  [
    'no sched_ext',
    { supported: false, state: '', ops: '' },
    true,
    EXIT_UNSUPPORTED,
    /6\.1\.0-test.*CONFIG_SCHED_CLASS_EXT/,
  ],
  ['no BTF', { supported: true, state: 'disabled', ops: '' }, false, EXIT_UNSUPPORTED, /CONFIG_DEBUG_INFO_BTF/],
  [
    'another scheduler',
    { supported: true, state: 'enabled', ops: 'rusty' },
    true,
    1,
    /another sched_ext scheduler is in force: rusty/,
  ],
  [
    'one that comes or goes',
    { supported: true, state: 'disabling', ops: '' },
    true,
    1,
    /its name is not known \(state disabling\)/,
  ],
] as const)('%s', (_what, state, btf, code, sentence) => {
  const found = obstacle(state, '6.1.0-test', btf);
  expect(found?.code).toBe(code);
  expect(found?.sentence).toMatch(sentence);
});

test('nothing in the way', () => {
  expect(obstacle({ supported: true, state: 'disabled', ops: '' }, '7.3', true)).toBeNull();
});

test('one of ours that an earlier process left pinned is nothing in the way', () => {
  const ours = { supported: true, state: 'enabled', ops: 'gthulhu' };
  expect(obstacle(ours, '7.3', true, true)).toBeNull();
  expect(obstacle(ours, '7.3', true, false)?.sentence).toMatch(/gthulhu \(state enabled\)/);
  expect(obstacle({ ...ours, ops: 'rusty' }, '7.3', true, true)?.sentence).toMatch(/rusty/);
});
