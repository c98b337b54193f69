// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kernel } from './kernel.ts';
import { openObject } from './object.ts';
import { describeBpf } from './testing/bpf-suite.ts';
import { failure } from './testing/failure.ts';
import { testObject } from './testing/test-objects.ts';

describeBpf('struct_ops', () => {
  const available = () => readFileSync('/proc/sys/net/ipv4/tcp_available_congestion_control', 'utf8').trim().split(' ');

  test('a callback that the kernel does not have is taken out with its program', () => {
    const object = openObject(testObject('congestion'));
    object.setOpsField('congestion', 'name', 'gth_renamed');
    object.setOpsField('congestion', 'min_tso_segs', null);
    expect(object.load()).toEqual({ nulledOps: ['from_the_future'] });
    expect(object.programFd('test_ssthresh')).toBeGreaterThan(2);
    expect(failure(() => object.programFd('test_from_the_future')).code).toBe('ERR_BPF_NOT_FOUND');
    expect(failure(() => object.programFd('test_min_tso_segs')).code).toBe('ERR_BPF_NOT_FOUND');
    const link = object.attach('congestion');
    expect(available()).toContain('gth_renamed');
    link.detach();
    expect(available()).not.toContain('gth_renamed');
    object.close();
  });

  test('a program stays as long as one map calls it', () => {
    const object = openObject(testObject('congestion'));
    object.setOpsField('linkless', 'ssthresh', null);
    object.setOpsField('linkless', 'undo_cwnd', null);
    object.setOpsField('congestion', 'undo_cwnd', null);
    object.load();
    expect(object.programFd('test_ssthresh')).toBeGreaterThan(2);
    expect(failure(() => object.programFd('test_undo_cwnd')).code).toBe('ERR_BPF_NOT_FOUND');
    object.close();
  });

  test('members are checked', () => {
    const object = openObject(testObject('congestion'));
    expect(failure(() => object.setOpsField('congestion', 'flags', 2 ** 32)).code).toBe('ERR_BPF_ARGUMENT');
    expect(failure(() => object.setOpsField('congestion', 'name', 'x'.repeat(16))).message).toMatch(/15 bytes/);
    expect(failure(() => object.setOpsField('congestion', 'ssthresh', 4096)).code).toBe('ERR_BPF_ARGUMENT');
    expect(failure(() => object.setOpsField('congestion', 'flags', null)).code).toBe('ERR_BPF_ARGUMENT');
    expect(failure(() => object.setOpsField('congestion', 'nothing', 1)).code).toBe('ERR_BPF_NOT_FOUND');
    expect(failure(() => object.setOpsField('nothing', 'flags', 1)).code).toBe('ERR_BPF_NOT_FOUND');
    object.load();
    expect(failure(() => object.setOpsField('congestion', 'flags', 1)).message).toMatch(/before load/);
    expect(failure(() => object.attach('linkless')).message).toMatch(/struct_ops\.link/);
    object.close();
  });

  test('a kernel without sched_ext says so', () => {
    if (kernel.btfHasType('sched_ext_ops')) return;
    const object = openObject(testObject('sched'));
    expect(failure(() => object.load())).toMatchObject({
      code: 'ERR_BPF_LOAD',
      message: expect.stringMatching(/no struct sched_ext_ops.*CONFIG_SCHED_CLASS_EXT/),
    });
    object.close();
  });
});
