// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BpfObject } from './object.ts';
import { enableBpfStats, openSyscallProgram, progStats } from './program.ts';
import { describeBpf } from './testing/bpf-suite.ts';
import { failure } from './testing/failure.ts';
import { loadBasics } from './testing/test-objects.ts';

describeBpf('programs', () => {
  let object: BpfObject;
  beforeAll(() => {
    object = loadBasics();
  });
  afterAll(() => object.close());

  test('the context goes in and comes back', () => {
    const layout = object.layout('produce_args');
    const program = openSyscallProgram(object.programFd('produce_small'), layout);
    const ctx = new Uint8Array(layout.size);
    const view = new DataView(ctx.buffer);
    view.setBigUint64(layout.fields.n.offset, 3n, true);
    expect(program.run(ctx)).toBe(3);
    expect(view.getBigUint64(layout.fields.made.offset, true)).toBe(3n);
    expect(program.run()).toBe(0);
    program.close();
    program.close();
    expect(failure(() => program.run(ctx)).code).toBe('ERR_BPF_CLOSED');
  });

  test('a negative return value stays negative', () => {
    const program = openSyscallProgram(object.programFd('no_context'), { size: 0, fields: {} });
    expect(program.run()).toBe(-7);
    expect(program.run(new Uint8Array(0))).toBe(-7);
  });

  test('wrong contexts and programs are refused', () => {
    const fd = object.programFd('apply');
    const program = openSyscallProgram(fd, object.layout('apply_args'));
    for (const size of [0, 15, 17, 5000])
      expect(failure(() => program.run(new Uint8Array(size))).code).toBe('ERR_BPF_ARGUMENT');
    // The kernel knows how much of its context the program uses.
    expect(failure(() => openSyscallProgram(fd, { size: 4, fields: {} }).run())).toMatchObject({
      code: 'ERR_BPF_SYS',
      errno: 22,
    });
    for (const [bad, size] of [
      [object.programFd('on_exec'), 16],
      [object.map('hash').info.fd, 16],
      [-1, 16],
      [fd, -1],
      [fd, 4097],
      [fd, 0.5],
    ])
      expect(failure(() => openSyscallProgram(bad, { size, fields: {} })).code).toBe('ERR_BPF_ARGUMENT');
  });

  test('statistics count while they are switched on', () => {
    const fd = object.programFd('no_context');
    const program = openSyscallProgram(fd, { size: 0, fields: {} });
    const stats = enableBpfStats();
    const before = progStats(fd);
    for (let i = 0; i < 25; i++) program.run();
    const after = progStats(fd);
    stats.close();
    stats.close();
    expect(after.name).toBe('no_context');
    expect(after.runCount - before.runCount).toBe(25);
    expect(after.runTimeNs).toBeGreaterThan(before.runTimeNs);
    expect(failure(() => progStats(object.map('hash').info.fd)).code).toBe('ERR_BPF_ARGUMENT');
  });
});
