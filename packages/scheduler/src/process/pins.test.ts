// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { EXIT_KIND } from '../explain-exit/exit-kind.ts';
import {
  inOrderOfRemoval,
  isComplete,
  isPin,
  MOVE_WATCHERS,
  mapPin,
  PROGRAMS,
  parameterDifference,
  RECORDS,
  type Shape,
  shapeDifference,
  WATCHERS,
  whyDead,
} from './pins.ts';

const bpf = fileURLToPath(new URL('../../../../bpf/', import.meta.url));
const sources = readdirSync(bpf, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.[ch]$/.test(name) && name !== 'workloads.bpf.c')
  .map((name) => readFileSync(`${bpf}${name}`, 'utf8'))
  .join('\n');

test('every program that user space runs or attaches is pinned', () => {
  const run = [...sources.matchAll(/SEC\("syscall"\)\s*int (\w+)\((?:struct (\w+))?/g)];
  const watching = [...sources.matchAll(/SEC\("tp_btf\/\w+"\)\s*int BPF_PROG\((\w+)/g)].map(([, name]) => name);
  expect(watching).toEqual([...WATCHERS, ...MOVE_WATCHERS]);
  expect([...PROGRAMS].sort()).toEqual([...run.map(([, name]) => name), ...watching].sort());
  // Their arguments and what is declared for the border are compared.
  const arguments_ = run.flatMap(([, , args]) => args ?? []);
  const declared = [...readFileSync(`${bpf}include/records.h`, 'utf8').matchAll(/^struct (\w+) \{/gm)];
  const records = new Set([...arguments_, ...declared.map(([, name]) => name)]);
  expect(new Set(RECORDS)).toEqual(records);
});

test.each([
  ['asked', 'map_asked'],
  ['schedule.bss', 'map_bss'],
  ['.bss', 'map_bss'],
  ['schedule.rodata.str1.1', 'map_rodata_str1_1'],
])('map %s is pinned as %s', (map, name) => {
  expect(mapPin(map)).toBe(name);
  expect(isPin(name)).toBe(true);
});

test('the link goes first, and what is not ours stays', () => {
  expect(inOrderOfRemoval(['map_tasks', 'link_ops', 'link_on_exec', 'prog_apply'])[0]).toBe('link_ops');
  expect(['maps.debug', 'other', 'links', 'map_', 'link_../x'].filter(isPin)).toEqual([]);
});

test('a set without its link was never attached', () => {
  expect(isComplete(['map_asked', 'prog_apply', 'link_on_exec'])).toBe(false);
  expect(isComplete(['map_asked', 'link_ops'])).toBe(true);
});

const enabled = { supported: true, state: 'enabled', ops: 'gthulhu' };
test.each([
  ['it runs', EXIT_KIND.NONE, enabled, null],
  ['a longer name', EXIT_KIND.NONE, { ...enabled, ops: 'gthulhu_7.3' }, null],
  ['the kernel ended it', EXIT_KIND.SYSRQ, { ...enabled, state: 'disabled', ops: '' }, /has ended it/],
  ['it ended and another one of ours is in force', EXIT_KIND.ERROR_STALL, enabled, /has ended it/],
  ['nothing is in force', EXIT_KIND.NONE, { ...enabled, state: 'disabled', ops: '' }, /sched_ext is disabled/],
  ['it is on its way out', EXIT_KIND.NONE, { ...enabled, state: 'disabling' }, /disabling/],
  ['another one', EXIT_KIND.NONE, { ...enabled, ops: 'scx_other' }, /scx_other is in force/],
])('dead or alive: %s', (_, kind, state, why) => {
  if (why === null) expect(whyDead(kind, state)).toBeNull();
  else expect(whyDead(kind, state)).toMatch(why);
});

const field = (offset: number, size = 8) => ({ offset, size, signed: false, count: 1 });
const variable = (offset: number, size = 8) => ({ offset, size, elementSize: size, signed: false, scalar: true });
const map = { type: 'BPF_MAP_TYPE_RINGBUF', keySize: 0, valueSize: 0, maxEntries: 4096 };
const shape: Shape = {
  records: { decision: { size: 16, fields: { gen: field(0), key: field(8) } } },
  variables: { user_seen_ns: variable(0), nr_tasks: variable(8) },
  maps: { asked: map, 'schedule.bss': { type: 'BPF_MAP_TYPE_ARRAY', keySize: 4, valueSize: 16, maxEntries: 1 } },
};

describe('two builds', () => {
  test.each<[string, Partial<Shape>, RegExp | null]>([
    ['the same', {}, null],
    [
      'members told in another order',
      { records: { decision: { size: 16, fields: { key: field(8), gen: field(0) } } } },
      null,
    ],
    ['a record without type information', { records: {} }, /record decision/],
    ['a longer record', { records: { decision: { ...shape.records.decision, size: 24 } } }, /record decision/],
    [
      'a member elsewhere',
      { records: { decision: { size: 16, fields: { gen: field(8), key: field(0) } } } },
      /decision/,
    ],
    [
      'a narrower member',
      { records: { decision: { size: 16, fields: { gen: field(0, 4), key: field(8) } } } },
      /decision/,
    ],
    ['a variable elsewhere', { variables: { user_seen_ns: variable(64), nr_tasks: variable(72) } }, null],
    ['a variable more', { variables: { ...shape.variables, later: variable(16) } }, null],
    ['a variable less', { variables: { nr_tasks: variable(8) } }, /no variable user_seen_ns/],
    ['a narrower variable', { variables: { ...shape.variables, nr_tasks: variable(8, 4) } }, /variable nr_tasks/],
    ['a smaller ring', { maps: { ...shape.maps, asked: { ...map, maxEntries: 2048 } } }, /map asked/],
    ['a map less', { maps: { asked: map } }, /no map schedule.bss/],
    [
      'a longer section',
      { maps: { ...shape.maps, 'schedule.bss': { ...shape.maps['schedule.bss'], valueSize: 64 } } },
      null,
    ],
  ])('%s', (_, over, why) => {
    const found = shapeDifference(shape, { ...shape, ...over });
    if (why === null) expect(found).toBeNull();
    else expect(found).toMatch(why);
  });
});

test.each([
  [{}, null],
  [{ slice: 7 }, 'its slice is 7, wished for is 5'],
  [{ llcs: new Uint8Array([0, 2]) }, 'its llcs is another one'],
  [{ llcs: 1 }, 'its llcs is another one'],
  [{ slice: undefined }, 'it has no parameter slice'],
])('loaded with %j', (over, why) => {
  const wished = { slice: 5, llcs: new Uint8Array([0, 1]) };
  expect(parameterDifference(wished, { ...wished, other: 3, ...over })).toBe(why);
});
