// SPDX-License-Identifier: Apache-2.0
import { describe } from 'vitest';
import { whyNoBpf } from './test-objects.ts';

const reason = whyNoBpf();

/** describe(), for tests that load BPF: skipped with the reason in its name where that is impossible. */
export function describeBpf(name: string, tests: () => void): void {
  if (reason === null) describe(name, tests);
  else describe.skip(`${name} (skipped: ${reason})`, tests);
}
