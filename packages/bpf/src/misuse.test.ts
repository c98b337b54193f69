// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { describeBpf } from './testing/bpf-suite.ts';
import { misuse } from './testing/misuse.ts';

describeBpf('misuse', () => {
  test('ends in a BpfError, whatever is passed to whatever', () => {
    const { complaints, calls } = misuse(20_000);
    expect(complaints).toEqual([]);
    expect(calls).toBeGreaterThan(20_000);
  }, 60_000);
});
