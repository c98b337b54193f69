// SPDX-License-Identifier: Apache-2.0
import type { BpfMap, StructLayout } from '@gthulhu/bpf';
import { expect, test } from 'vitest';
import { KnownCommands, type NameWords } from './known-commands.ts';
import type { PolicyValue } from './policy-entries.ts';

const u32 = (offset: number) => ({ offset, size: 4, signed: false, count: 1 });
const name: StructLayout = {
  size: 20,
  fields: { word_0: u32(0), word_1: u32(4), word_2: u32(8), word_3: u32(12), version: u32(16) },
};
const entry: StructLayout = {
  size: 32,
  fields: {
    'policy.slice_ns': { ...u32(0), size: 8 },
    'policy.rank': u32(8),
    'policy.priority': u32(12),
    'policy.cpus': u32(16),
    'policy.strategy': u32(20),
    exempt: u32(24),
  },
};

/** A map in memory, with what a reader in the kernel would find. */
function memoryMap(maxEntries: number) {
  const values = new Map<string, Uint8Array>();
  let writes = 0;
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const map: BpfMap = {
    info: { name: 'known_commands', type: 'HASH', typeId: 1, fd: 3, keySize: 20, valueSize: 32, maxEntries },
    lookup: (key) => values.get(hex(key)) ?? null,
    lookupPerCpu: () => null,
    update(key, value) {
      if (!values.has(hex(key)) && values.size >= maxEntries) throw new Error('no room');
      writes++;
      values.set(hex(key), value);
    },
    delete: (key) => values.delete(hex(key)),
    keys: () => [...values.keys()].map((key) => new Uint8Array(Buffer.from(key, 'hex'))),
    close: () => {},
  };
  return { map, values, writes: () => writes };
}

function kernel(maxEntries = 8, version = 0) {
  const memory = memoryMap(maxEntries);
  let inForce = version;
  const commands = new KnownCommands(memory.map, { name, entry }, version, (next) => {
    inForce = next;
  });
  /** As the kernel reads it: by the version that is in force. */
  const known = (words: NameWords): number[] | null => {
    const found = memory.map.lookup(new Uint8Array(new Uint32Array([...words, inForce]).buffer));
    return found && [...new Uint32Array(found.slice().buffer)];
  };
  return { ...memory, commands, known, version: () => inForce };
}

const WEB: NameWords = [0x62_65_77, 0, 0, 0];
const policy: PolicyValue = { rank: 4, priority: 3, sliceNs: 5_000_000_000, cpus: 7, strategy: 2 };

test('an entry says all of a policy, and nothing where there is none', () => {
  const { commands, known } = kernel();
  commands.forget();
  commands.learn(WEB, policy);
  commands.learn([1, 2, 3, 4], null);
  commands.learn([5, 0, 0, 0], 'exempt');
  expect(known(WEB)).toEqual([5_000_000_000 % 2 ** 32, 1, 4, 3, 7, 2, 0, 0]);
  expect(known([1, 2, 3, 4])).toEqual([0, 0, 0, 21, 0, 0, 0, 0]);
  expect(known([5, 0, 0, 0])).toEqual([0, 0, 0, 21, 0, 0, 1, 0]);
  expect(known([2, 2, 3, 4])).toBeNull();
});

test('a name is written once', () => {
  const { commands, writes } = kernel();
  commands.forget();
  for (let i = 0; i < 3; i++) commands.learn(WEB, policy);
  expect(writes()).toBe(1);
});

test('other rules know nothing, and leave nothing behind', () => {
  const { commands, known, values, version } = kernel();
  commands.forget();
  commands.learn(WEB, policy);
  const before = version();
  commands.forget();
  expect(version()).not.toBe(before);
  expect(known(WEB)).toBeNull();
  expect(values.size).toBe(0);
  commands.learn(WEB, null);
  expect(known(WEB)?.[2]).toBe(0);
});

test('what an earlier process left counts no more', () => {
  const first = kernel(8, 0xffff_ffff);
  first.commands.learn(WEB, policy);
  expect(first.known(WEB)).not.toBeNull();
  first.commands.forget();
  // 0 would be none at all.
  expect(first.version()).toBe(1);
  expect(first.known(WEB)).toBeNull();
});

test('more names than there is room for are learnt anew', () => {
  const { commands, known, version } = kernel(4);
  commands.forget();
  const names = Array.from({ length: 11 }, (_, i): NameWords => [i + 1, 0, 0, 0]);
  for (const words of names) {
    commands.learn(words, policy);
    expect(known(words)?.[2]).toBe(4);
  }
  expect(version()).toBe(3);
  expect(known(names[0])).toBeNull();
});
