// SPDX-License-Identifier: Apache-2.0
import { STRATEGY_LIMITS } from '@gthulhu/contracts';
import { describe, expect, test } from 'vitest';
import { readStrategies, readStrategy } from './read-strategies.ts';

test.each<[unknown, unknown]>([
  [
    { priority: true, execution_time: 20_000_000, pid: 7 },
    { priority: 1, execution_time: 20_000_000, pid: 7 },
  ],
  [{ priority: false, pid: 7 }, { pid: 7 }],
  [
    { priority: 0, commandRegex: '^a$', executionTime: 100_000 },
    { priority: 0, execution_time: 100_000, command_regex: '^a$' },
  ],
  [
    { labelSelectors: [{ key: 'a', value: '' }], k8sNamespace: ['b'] },
    { selectors: [{ key: 'a', value: '' }], namespaces: ['b'] },
  ],
  [{ priority: 20, selectors: [], namespaces: [], command_regex: '', execution_time: 0 }, { priority: 20 }],
  [{ cpus: '0-3,8\n' }, { cpus: '0-3,8' }],
  [{ pid: 7, createdAt: 'x', updatedAt: 'y', endsAt: 'z' }, { pid: 7 }],
  [
    { pid: 7, expiresAt: '2030-01-31T13:00:00+01:00', maxDuration: '30m' },
    { pid: 7, expiresAt: '2030-01-31T12:00:00.000Z', maxDuration: '30m' },
  ],
])('%j means %j', (given, strategy) => {
  expect(readStrategies({ strategies: [given] })).toEqual([{ id: undefined, strategy }]);
  expect(readStrategy(given).strategy).toEqual(strategy);
});

describe('refused, with the place', () => {
  test.each<[unknown, RegExp]>([
    [{ priority: 21 }, /^strategies\[1\]\.priority: must be <= 20, or must be boolean$/],
    [{ priority: 1.5 }, /priority: must be integer, or must be boolean$/],
    [{ priority: null }, /priority/],
    [{ execution_time: 5 }, /execution_time: must be 0, or must be >= 100000$/],
    [{ comand_regex: 'a' }, /^strategies\[1\]: has the unknown key "comand_regex"$/],
    [{ command_regex: 'a'.repeat(1_025) }, /command_regex/],
    [{ command_regex: '語'.repeat(342) }, /^strategies\[1\]\.command_regex has more than 1024 bytes/],
    [{ commandRegex: 'a', command_regex: 'b' }, /command_regex and command_regex say the same|commandRegex/],
    [{ cpus: '3-1' }, /^strategies\[1\]\.cpus: "3-1" is not a CPU list.*write a list such as 0-3,8$/],
    [{ cpus: ' ' }, /names no CPU/],
    [{ expiresAt: 'tomorrow' }, /expiresAt/],
    [{ expiresAt: '2030-02-31T00:00:00Z' }, /expiresAt/],
    [{ maxDuration: '30 minutes' }, /maxDuration/],
    [{ cpus: '0;reboot' }, /is not a CPU list/],
    [{}, /^strategies\[1\] is empty/],
    [{ selectors: [] }, /^strategies\[1\] is empty/],
    [{ selectors: [{ key: 'a' }] }, /selectors\[0\]: must have required properties value/],
    [
      { selectors: Array.from({ length: 65 }, () => ({ key: 'a', value: 'b' })) },
      /selectors: must not have more than 64 items/,
    ],
    [{ selectors: [{ key: 'x'.repeat(1_000_000), value: '' }] }, /selectors\[0\]\.key/],
    [{ pid: 0 }, /pid: must be >= 1/],
    [null, /^strategies\[1\]: must be object/],
    [[], /^strategies\[1\]: must be object/],
    [JSON.parse('{"__proto__": {"priority": 1}, "pid": 1}'), /unknown key "__proto__"/],
  ])('%.60j', (given, reason) => {
    expect(() => readStrategies({ strategies: [{ pid: 1 }, given] })).toThrow(reason);
  });

  test.each<[unknown, RegExp]>([
    [{ strategies: {} }, /^strategies: must be array$/],
    [{ strategies: [{ pid: 1 }], more: 1 }, /unknown key "more"/],
    [[], /^the body: must be object$/],
    ['x', /^the body: must be object$/],
    [
      { strategies: Array.from({ length: STRATEGY_LIMITS.strategies + 1 }, () => ({ pid: 1 })) },
      /more than 10000 items/,
    ],
  ])('%.60j', (body, reason) => expect(() => readStrategies(body)).toThrow(reason));
});
