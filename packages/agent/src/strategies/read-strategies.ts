// SPDX-License-Identifier: Apache-2.0
import {
  parseCpuList,
  STRATEGY_KEY_ALIASES,
  STRATEGY_LIMITS,
  StrategySchema,
  strategyPriority,
} from '@gthulhu/contracts';
import { type Static, Type } from 'typebox';
import { checkBody } from '../http/check-body.ts';
import { InputError } from './input-error.ts';
import type { PlainStrategy } from './record.ts';

const ReadOnly = Type.Optional(
  Type.String({ maxLength: 64, readOnly: true, description: 'As it was answered; ignored' }),
);

/** A strategy as it may be sent: what was answered may come back changed. */
export const StrategyInputSchema = Type.Object(
  {
    id: Type.Optional(
      Type.String({ maxLength: 64, description: 'Of a stored strategy, which is changed then; new ones have none' }),
    ),
    origin: ReadOnly,
    createdAt: ReadOnly,
    updatedAt: ReadOnly,
    endsAt: ReadOnly,
    ...StrategySchema.properties,
  },
  { additionalProperties: false },
);
type StrategyInput = Static<typeof StrategyInputSchema>;

export const StrategiesInputSchema = Type.Object(
  { strategies: Type.Array(StrategyInputSchema, { maxItems: STRATEGY_LIMITS.strategies }) },
  { additionalProperties: false },
);

export interface GivenStrategy {
  /** Undefined for a new one. */
  readonly id: string | undefined;
  readonly strategy: PlainStrategy;
}

/** The strategy without its other spellings. @throws InputError when one thing is said in two spellings */
function oneSpelling(value: unknown, place: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const spelled: Record<string, unknown> = {};
  for (const [written, content] of Object.entries(value)) {
    const name = Object.hasOwn(STRATEGY_KEY_ALIASES, written) ? STRATEGY_KEY_ALIASES[written] : written;
    if (Object.hasOwn(spelled, name)) throw new InputError(`${place}: ${written} and ${name} say the same; remove one`);
    // Not assigned: a key `__proto__` is data here, and is refused below.
    Object.defineProperty(spelled, name, { value: content, enumerable: true });
  }
  return spelled;
}

/** One form for each meaning, so that equal strategies are equal as text. */
function plain(input: StrategyInput, place: string): PlainStrategy {
  const priority = strategyPriority(input.priority);
  const { execution_time = 0, command_regex = '', pid, selectors = [], namespaces = [], cpus } = input;
  const { expiresAt, maxDuration } = input;
  if (expiresAt !== undefined && Number.isNaN(Date.parse(expiresAt))) {
    throw new InputError(`${place}.expiresAt: ${JSON.stringify(expiresAt)} is no time; write 2030-01-31T12:00:00Z`);
  }
  if (Buffer.byteLength(command_regex) > STRATEGY_LIMITS.regexBytes) {
    throw new InputError(`${place}.command_regex has more than ${STRATEGY_LIMITS.regexBytes} bytes; make it shorter`);
  }
  if (cpus !== undefined) {
    try {
      if (parseCpuList(cpus).length === 0) throw new RangeError(`${JSON.stringify(cpus)} names no CPU`);
    } catch (cause) {
      throw new InputError(`${place}.cpus: ${(cause as Error).message}; write a list such as 0-3,8`, { cause });
    }
  }
  const strategy: PlainStrategy = {
    ...(priority !== null && { priority }),
    ...(execution_time !== 0 && { execution_time }),
    ...(command_regex !== '' && { command_regex }),
    ...(pid !== undefined && { pid }),
    ...(selectors.length > 0 && { selectors: selectors.map(({ key, value }) => ({ key, value })) }),
    ...(namespaces.length > 0 && { namespaces: [...namespaces] }),
    ...(cpus !== undefined && { cpus: cpus.trim() }),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(maxDuration !== undefined && { maxDuration }),
  };
  if (Object.keys(strategy).length === 0) {
    throw new InputError(`${place} is empty; set command_regex and priority or execution_time, or leave it out`);
  }
  return strategy;
}

/** One strategy, whatever its generation. @throws InputError */
export function readStrategy(value: unknown, place = 'the strategy'): GivenStrategy {
  const input = checkBody(StrategyInputSchema, oneSpelling(value, place));
  return { id: input.id, strategy: plain(input, place) };
}

/**
 * The strategies of a body, all of them or none. Expressions are not looked at here: that takes longer.
 * @param from place of the first one, where the body is a part of a longer list
 * @throws InputError that names the first place that is wrong
 */
export function readStrategies(body: unknown, from = 0): GivenStrategy[] {
  const list = (body as { strategies?: unknown } | null)?.strategies;
  const placeOf = (index: number): string => `strategies[${from + index}]`;
  const spelled = Array.isArray(list)
    ? { ...(body as object), strategies: list.map((value, index) => oneSpelling(value, placeOf(index))) }
    : body;
  const { strategies } = checkBody(StrategiesInputSchema, spelled);
  return strategies.map((input, index) => ({ id: input.id, strategy: plain(input, placeOf(index)) }));
}
