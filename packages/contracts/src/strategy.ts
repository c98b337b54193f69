// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

/** Limits of a set of strategies, the same in a file and in a request. */
export const STRATEGY_LIMITS = {
  strategies: 10_000,
  selectors: 64,
  namespaces: 64,
  cpuListBytes: 4_096,
  regexBytes: 1_024,
  fileBytes: 4 * 1_024 * 1_024,
} as const;

const DURATION_PATTERN = '^[1-9][0-9]{0,5}[smhd]$';
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a `maxDuration`. @throws RangeError */
export function durationMs(text: string): number {
  if (!new RegExp(DURATION_PATTERN).test(text))
    throw new RangeError(`${JSON.stringify(text)} is no duration such as 90s, 30m, 12h or 7d`);
  return Number(text.slice(0, -1)) * UNIT_MS[text.slice(-1) as keyof typeof UNIT_MS];
}

export const SelectorSchema = Type.Object(
  {
    key: Type.String({ minLength: 1, maxLength: 317, description: 'Label of the pod' }),
    value: Type.String({ maxLength: 63, description: 'Value that the label must have' }),
  },
  { additionalProperties: false },
);

/**
 * One strategy, as it is sent to `POST /api/v1/scheduling/strategies` and written in a strategies file.
 *
 * `priority`: 0..20, a lower number is stronger. 0..9 may push weaker tasks off a CPU, 10..20 shorten the deadline only.
 * Left out means no change. Older clients send a boolean: true is 1, false is left out.
 */
export const StrategySchema = Type.Object(
  {
    priority: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0, maximum: 20 }), Type.Boolean()], {
        description: 'Lower is stronger; true is 1, false is none',
      }),
    ),
    execution_time: Type.Optional(
      Type.Union([Type.Literal(0), Type.Integer({ minimum: 100_000, maximum: 1_000_000_000, unit: 'ns' })], {
        description: 'Time slice in nanoseconds; 0 is none',
        unit: 'ns',
      }),
    ),
    command_regex: Type.Optional(
      Type.String({
        maxLength: STRATEGY_LIMITS.regexBytes,
        description: 'RE2 expression, searched anywhere in the command name (15 characters at most); empty matches all',
      }),
    ),
    pid: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_194_304, description: 'One process' })),
    selectors: Type.Optional(
      Type.Array(SelectorSchema, {
        maxItems: STRATEGY_LIMITS.selectors,
        description: 'Labels that a pod must have, all of them',
      }),
    ),
    namespaces: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 63 }), {
        maxItems: STRATEGY_LIMITS.namespaces,
        description: 'Namespaces of the pods it is for; left out or empty is all',
      }),
    ),
    cpus: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: STRATEGY_LIMITS.cpuListBytes,
        description: 'CPUs that it may use, in the Linux list format: 0-3,8',
      }),
    ),
    expiresAt: Type.Optional(
      Type.String({
        format: 'date-time',
        maxLength: 40,
        description: 'From then on it means nobody (RFC 3339); it stays in the list until it is removed',
      }),
    ),
    maxDuration: Type.Optional(
      Type.String({
        pattern: DURATION_PATTERN,
        description: 'The same, counted from its creation: 90s, 30m, 12h, 7d',
      }),
    ),
  },
  { additionalProperties: false },
);

export type Strategy = Static<typeof StrategySchema>;

/** Other spellings of the keys above, taken from later clients. */
export const STRATEGY_KEY_ALIASES: Readonly<Record<string, string>> = {
  executionTime: 'execution_time',
  commandRegex: 'command_regex',
  labelSelectors: 'selectors',
  k8sNamespace: 'namespaces',
};

export const StrategiesBodySchema = Type.Object(
  { strategies: Type.Array(StrategySchema, { maxItems: STRATEGY_LIMITS.strategies }) },
  { additionalProperties: false },
);

export type StrategiesBody = Static<typeof StrategiesBodySchema>;

/** The wire value of `priority` as a number, null for none. */
export function strategyPriority(priority: Strategy['priority']): number | null {
  if (priority === undefined || priority === false) return null;
  return priority === true ? 1 : priority;
}
