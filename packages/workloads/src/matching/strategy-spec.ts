// SPDX-License-Identifier: Apache-2.0
import { isProtecting, STRATEGY_LIMITS } from '@gthulhu/contracts';
import { RE2JS, RE2JSException } from 're2js';

export interface LabelSelector {
  readonly key: string;
  readonly value: string;
}

/** A strategy as the matching takes it: whom it means, and what it gives them. */
export interface StrategySpec {
  /** 1 to 64 characters; no two strategies have the same. */
  readonly id: string;
  /** `cluster`: for all nodes. `node`: sent to this one. */
  readonly origin: 'cluster' | 'node';
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  /** One of these; none is every namespace. */
  readonly namespaces: readonly string[];
  /** Labels that a workload must have, all of them. */
  readonly selectors: readonly LabelSelector[];
  /** Of one pod, unit or container, whole; null is any. */
  readonly name: string | null;
  /** RE2, searched anywhere in the name of a thread or of its process; empty is every command. */
  readonly commandRegex: string;
  /** 0..20, lower is stronger; null is no change. */
  readonly priority: number | null;
  /** Slice; 0 is no change. */
  readonly executionTimeNs: number;
  /** Linux list format; null is no change. */
  readonly cpus: string | null;
  /** Milliseconds since 1970: from then on it means nobody. */
  readonly expiresAtMs: number | null;
  /** The same, counted from its creation. */
  readonly maxDurationMs: number | null;
}

/** When it ends, milliseconds since 1970; Infinity for never. */
export function endsAtMs(strategy: StrategySpec): number {
  const byDuration = strategy.maxDurationMs === null ? Infinity : strategy.createdAtMs + strategy.maxDurationMs;
  return Math.min(byDuration, strategy.expiresAtMs ?? Infinity);
}

/** Those that have not ended. */
export function inForce(strategies: readonly StrategySpec[], nowMs: number): StrategySpec[] {
  return strategies.filter((strategy) => endsAtMs(strategy) > nowMs);
}

/** When the next of them ends; Infinity when none ever does. */
export function nextEndMs(strategies: Iterable<StrategySpec>, nowMs: number): number {
  let next = Infinity;
  for (const strategy of strategies) {
    const end = endsAtMs(strategy);
    if (end > nowMs && end < next) next = end;
  }
  return next;
}

export interface StrategyProblem {
  /** Of the strategy. */
  readonly id: string;
  readonly key: keyof StrategySpec;
  /** Second half of a sentence that begins with the key. */
  readonly message: string;
}

/** A set of strategies that cannot be matched; none of it is in force. */
export class StrategySetError extends Error {
  override readonly name = 'StrategySetError';
  readonly code = 'ERR_STRATEGIES';
  readonly problems: readonly StrategyProblem[];

  constructor(problems: readonly StrategyProblem[]) {
    const lines = problems
      .slice(0, 20)
      .map(({ id, key, message }) => `strategy ${JSON.stringify(id)}: ${key} ${message}`);
    if (problems.length > 20) lines.push(`and ${problems.length - 20} more`);
    super(lines.join('\n'));
    this.problems = problems;
  }
}

export interface CommandPattern {
  /** Searches anywhere in a name, in time linear in its length. */
  test(command: string): boolean;
}

/** @throws RE2JSException */
export function compileCommandRegex(regex: string): CommandPattern {
  return RE2JS.compile(regex);
}

function regexProblem(regex: string): string | null {
  if (Buffer.byteLength(regex) > STRATEGY_LIMITS.regexBytes)
    return `has ${Buffer.byteLength(regex)} bytes; at most ${STRATEGY_LIMITS.regexBytes} are allowed`;
  try {
    compileCommandRegex(regex);
    return null;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return `is not an RE2 expression: ${error.message.replace(/^error parsing regexp: /, '')}`;
  }
}

function problemsOf(strategy: StrategySpec): [keyof StrategySpec, string][] {
  const problems: [keyof StrategySpec, string][] = [];
  const check = (key: keyof StrategySpec, fine: boolean, message: string): void => {
    if (!fine) problems.push([key, message]);
  };
  const { id, createdAtMs, priority, executionTimeNs, selectors, name } = strategy;
  check('id', id.length >= 1 && id.length <= 64, 'must have 1 to 64 characters');
  check('id', !isProtecting(id), 'is the name of a rule of our own; choose another one');
  check('createdAtMs', Number.isFinite(createdAtMs), 'must be a number of milliseconds since 1970');
  check(
    'priority',
    priority === null || (Number.isInteger(priority) && priority >= 0 && priority <= 20),
    `is ${priority}; must be a whole number from 0 to 20`,
  );
  check(
    'executionTimeNs',
    Number.isInteger(executionTimeNs) && executionTimeNs >= 0 && executionTimeNs <= 1_000_000_000,
    `is ${executionTimeNs}; must be a whole number of nanoseconds, 1 s at most`,
  );
  check('name', name !== '', 'is empty; leave it out for any name');
  check(
    'selectors',
    selectors.length <= STRATEGY_LIMITS.selectors,
    `are ${selectors.length}; at most ${STRATEGY_LIMITS.selectors} are allowed`,
  );
  for (const { key, value } of selectors) {
    check(
      'selectors',
      key.length >= 1 && key.length <= 317,
      'have a key that is empty or has more than 317 characters',
    );
    check(
      'selectors',
      value.length <= 255,
      `have a value with more than 255 characters, of the key ${key.slice(0, 64)}`,
    );
  }
  return problems;
}

/**
 * Everything that is wrong with a set of strategies; empty when it can be matched.
 * @param regexesChecked who calls has compiled each expression before: thousands take a second at once
 */
export function checkStrategies(strategies: readonly StrategySpec[], regexesChecked = false): StrategyProblem[] {
  const problems: StrategyProblem[] = [];
  const ids = new Set<string>();
  // Many strategies share an expression; compiling is what costs.
  const regexes = new Map<string, string | null>([['', null]]);
  const extra = strategies.length - STRATEGY_LIMITS.strategies;
  if (extra > 0) {
    const { id } = strategies[STRATEGY_LIMITS.strategies];
    return [{ id, key: 'id', message: `is beyond the ${STRATEGY_LIMITS.strategies} that are allowed, by ${extra}` }];
  }
  for (const strategy of strategies) {
    const { id, commandRegex } = strategy;
    if (ids.has(id)) problems.push({ id, key: 'id', message: 'is used twice' });
    ids.add(id);
    for (const [key, message] of problemsOf(strategy)) problems.push({ id, key, message });
    if (regexesChecked) continue;
    let wrong = regexes.get(commandRegex);
    if (wrong === undefined) {
      wrong = regexProblem(commandRegex);
      regexes.set(commandRegex, wrong);
    }
    if (wrong !== null) problems.push({ id, key: 'commandRegex', message: wrong });
  }
  return problems;
}
