// SPDX-License-Identifier: Apache-2.0
import { expect, it } from 'vitest';
import { report, withRemarks } from './report.ts';

const surroundings = { commits: ['abc'], machine: 'm', emulator: 'e', guestKernel: 'k' };

it('keeps what people say about the figures, and nothing of the figures before', () => {
  const before = '# Measured\n\n| old |\n\n## What misses\n\n- this\n\n## And that\n';
  expect(withRemarks('# Measured\n\n| new |\n', before)).toBe(
    '# Measured\n\n| new |\n\n## What misses\n\n- this\n\n## And that\n',
  );
  expect(withRemarks('# Measured\n', '# Measured\n\n| old |\n')).toBe('# Measured\n');
});

it('shows a pair by its own ratio, and no table of what was not measured', () => {
  const values = [
    { name: 'work', attached: false, value: 100 },
    { name: 'work', attached: true, value: 102 },
  ];
  const text = report(surroundings, new Map([['kernel', values]]), [], null, null, []);
  expect(text).toContain('| work done by 8 hogs | kernel | 100 /s | 102 /s | 1.020 | 1 | >= 1 | yes |');
  expect(text).not.toContain('natively');
  expect(text).not.toContain('watch events');
});
