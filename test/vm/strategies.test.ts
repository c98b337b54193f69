// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { type BootResult, boot, whyNoMachines } from './machine.ts';
import { full } from './matrix.ts';
import type { Dispatch, Machine } from './plan.ts';
import { expectations } from './scenarios.ts';

const obstacle = whyNoMachines();

interface Row extends Machine {
  readonly dispatch: Dispatch;
}

const ROWS: readonly Row[] = [
  { kernel: '7', cpus: 1, dispatch: 'hybrid' },
  ...(full ? ([{ kernel: '6.12', cpus: 1, dispatch: 'kernel' }] as const) : []),
];

// Latencies: one CPU, and a clock that counts instructions.
describe.skipIf(obstacle !== null && !process.env.CI)('a strategy that is written while everything runs', () => {
  const booted = new Map<Row, Promise<BootResult>>();
  for (const row of ROWS) {
    it(`reaches tasks that run, are exec'd and are forked: Linux ${row.kernel}, ${row.dispatch}`, async () => {
      expect(obstacle).toBeNull();
      for (const other of ROWS) {
        if (booted.has(other)) continue;
        booted.set(
          other,
          boot({ ...other, icount: true, requests: [{ scenario: 'strategies', dispatch: other.dispatch }] }),
        );
      }
      const result = await (booted.get(row) as Promise<BootResult>);
      expect(result.outcomes, result.output.slice(-4000)).toHaveLength(1);
      expect(expectations.strategies(result.outcomes[0]), JSON.stringify(result.outcomes[0], null, 1)).toEqual([]);
    }, 3_600_000);
  }
});
