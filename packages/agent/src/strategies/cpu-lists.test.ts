// SPDX-License-Identifier: Apache-2.0
import { NODE_RULE_LIMITS } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import { checkCpuLists } from './cpu-lists.ts';
import { InputError } from './input-error.ts';

const MOST = NODE_RULE_LIMITS.cpuLists;
const lists = (count: number) => Array.from({ length: count }, (_, i) => ({ cpus: `${i}` }));

test('as many as the scheduler has room for, each as often as one likes, and written as one likes', () => {
  const some = lists(MOST);
  expect(() =>
    checkCpuLists([...some, ...some, { priority: 1 }, { cpus: '0-0' }, { pid: 1, cpus: '99' }]),
  ).not.toThrow();
});

test('one more is refused, with the number that there may be', () => {
  const refused = expect(() => checkCpuLists(lists(MOST + 1)));
  refused.toThrow(InputError);
  refused.toThrow(/cpus: the strategies name 32 different lists of CPUs; at most 31/);
});
