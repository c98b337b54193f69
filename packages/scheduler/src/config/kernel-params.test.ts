// SPDX-License-Identifier: Apache-2.0
import { type Config, configKeys, defaultConfig } from '@gthulhu/contracts';
import { expect, test } from 'vitest';
import { toKernelParams } from './kernel-params.ts';

const withScheduler = (over: Partial<Config['scheduler']>): Config => {
  const config = defaultConfig();
  Object.assign(config.scheduler, over);
  return config;
};

test('the defaults', () => {
  expect(toKernelParams(defaultConfig())).toEqual({
    rodata: {
      slice_default_ns: 5_000_000,
      slice_min_ns: 500_000,
      max_run_ns: 500_000_000,
      dispatch_mode: 1,
      opinion_budget_ppm: 10_000,
      opinion_window_ns: 100_000_000,
      urgent_budget_ppm: 600_000,
      urgent_node_budget_ppm: 600_000,
      strict_deadline_ns: 20_000_000,
      orphan_timeout_ns: 0,
    },
    ops: { timeout_ms: 30_000 },
  });
});

test.each([
  [{ max_time_watchdog: false }, { max_run_ns: 0 }],
  [{ dispatch: 'kernel' as const }, { dispatch_mode: 0 }],
  [{ dispatch: 'strict' as const }, { dispatch_mode: 2 }],
  [{ kernel_mode: true }, { dispatch_mode: 0 }],
  [{ opinionBudgetPercent: 0.3 }, { opinion_budget_ppm: 3_000 }],
  [{ opinionBudgetPercent: 50 }, { opinion_budget_ppm: 500_000 }],
  [{ opinionBudgetWindowMs: 250 }, { opinion_window_ns: 250_000_000 }],
  [{ pin: true }, { orphan_timeout_ns: 60_000_000_000 }],
  [{ pin: true, orphanTimeoutSeconds: 0 }, { orphan_timeout_ns: 0 }],
  [{ pin: false, orphanTimeoutSeconds: 5 }, { orphan_timeout_ns: 0 }],
])('%j sets %j', (over, rodata) => {
  expect(toKernelParams(withScheduler(over)).rodata).toMatchObject(rodata);
});

test('the effects that the contracts promise are the variables that are set, no more and no fewer', () => {
  const promised = (to: 'rodata' | 'ops') =>
    new Set(configKeys.flatMap(({ effect }) => (effect.to === to ? effect.names : [])));
  const params = toKernelParams(defaultConfig());
  expect(promised('rodata')).toEqual(new Set(Object.keys(params.rodata)));
  expect(promised('ops')).toEqual(new Set(Object.keys(params.ops)));
});

test('every key with a kernel effect changes its variable', () => {
  const other = (value: unknown): unknown => {
    if (typeof value === 'boolean') return !value;
    return typeof value === 'number' ? value + 1 : 'kernel';
  };
  // Some have theirs with scheduler.pin only.
  const pinned = { pin: true };
  const before = toKernelParams(withScheduler(pinned));
  for (const key of configKeys) {
    if (key.effect.to !== 'rodata' && key.effect.to !== 'ops') continue;
    const config = withScheduler(pinned);
    const [section = '', name] = key.path.split('.');
    const target = name === undefined ? config : (config as Record<string, unknown>)[section];
    (target as Record<string, unknown>)[name ?? section] = other(key.default);
    const after = toKernelParams(config);
    for (const variable of key.effect.names) {
      expect(after[key.effect.to][variable], key.path).not.toBe(before[key.effect.to][variable]);
    }
  }
});
