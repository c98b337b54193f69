// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { kernel } from './kernel.ts';
import { describeBpf } from './testing/bpf-suite.ts';

describeBpf('the running kernel', () => {
  test('types, members and functions', () => {
    expect(kernel.btfHasField('task_struct', 'pid')).toBe(true);
    expect(kernel.btfHasField('task_struct', 'no_such_member')).toBe(false);
    expect(kernel.btfHasField('no_such_struct', 'pid')).toBe(false);
    expect(['task_struct', 'bpf_map_type', 'u64'].map(kernel.btfHasType)).toEqual([true, true, true]);
    expect(kernel.btfHasType('no_such_type')).toBe(false);
    expect(kernel.btfHasFunc('bpf_task_from_pid')).toBe(true);
    expect(kernel.btfHasFunc('no_such_function')).toBe(false);
  });

  test('values of enums', () => {
    expect(kernel.enumValue('bpf_map_type', 'BPF_MAP_TYPE_RINGBUF')).toBe(27n);
    expect(kernel.enumValue('bpf_map_type', 'NO_SUCH_VALUE')).toBeNull();
    expect(kernel.enumValue('no_such_enum', 'BPF_MAP_TYPE_RINGBUF')).toBeNull();
  });

  test('CPUs and the library', () => {
    expect(kernel.possibleCpus()).toBeGreaterThanOrEqual(availableParallelism());
    const last = readFileSync('/sys/devices/system/cpu/possible', 'utf8').trim().split(/[-,]/).at(-1);
    expect(kernel.possibleCpus()).toBeLessThanOrEqual(Number(last) + 1);
    expect(kernel.libbpfVersion()).toMatch(/^v1\.\d+$/);
  });
});
