// SPDX-License-Identifier: Apache-2.0
export {
  BSS_ORDER_2025,
  BSS_ORDER_2026,
  type BssCounterName,
  type BssCounters,
  BssCountersSchema,
} from './bss-counters.ts';
export { type Config, type ConfigKey, ConfigSchema, configKeys, defaultConfig, type SchedulerMode } from './config.ts';
export type { Effect, KeyNotes, Text } from './effect.ts';
export {
  SelectorSchema,
  STRATEGY_KEY_ALIASES,
  STRATEGY_LIMITS,
  type StrategiesBody,
  StrategiesBodySchema,
  type Strategy,
  StrategySchema,
  strategyPriority,
} from './strategy.ts';
