// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { PlainStrategy } from './record.ts';
import { strategyWarnings } from './warnings.ts';

test.each<[PlainStrategy, RegExp | null]>([
  [{ pid: 7, priority: 1 }, /^strategies\[0\]: pid 7 is stored and listed, but not put in force/],
  [{ namespaces: ['a'], priority: 1 }, /matches nothing yet/],
  [{ command_regex: 'a' }, /sets neither/],
  [{ priority: 9 }, /every command of this node/],
  [{ priority: 10, expiresAt: '2001-01-01T00:00:00.000Z' }, /is past: it means nobody$/],
  [{ priority: 10, expiresAt: '2001-01-03T00:00:00.000Z' }, null],
  [{ priority: 10 }, null],
  [{ command_regex: 'a', cpus: '0' }, null],
])('%j', (strategy, warning) => {
  const found = strategyWarnings([strategy], false, Date.parse('2001-01-02T00:00:00Z'));
  if (warning === null) expect(found).toEqual([]);
  else expect(found).toEqual([expect.stringMatching(warning)]);
});

test('workloads that are known are not warned about, and many warnings are counted', () => {
  expect(strategyWarnings([{ namespaces: ['a'], priority: 1 }], true)).toEqual([]);
  const many = strategyWarnings(
    Array.from({ length: 80 }, () => ({ pid: 1 })),
    true,
  );
  expect(many).toHaveLength(51);
  expect(many[50]).toBe('and 30 more warnings');
});
