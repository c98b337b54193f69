// SPDX-License-Identifier: Apache-2.0
import { STRATEGY_KEY_ALIASES, STRATEGY_LIMITS, StrategiesBodySchema, type Strategy } from '@gthulhu/contracts';
import { isSeq } from 'yaml';
import { readFailure, readText } from '../config/config-file.ts';
import { DocumentError, inFileOrder, type Problem } from '../config/problem.ts';
import { type Places, readNode } from '../config/read-node.ts';
import { readYaml, type YamlSource } from '../config/yaml-source.ts';
import { COMM_LENGTH, CpusError, neverMatching, RegexError, type Rule, toRule } from './rule.ts';

/** The strategies cannot be used; the ones in force before stay. */
export class StrategiesError extends DocumentError {
  constructor(fileName: string, problems: readonly Problem[], options?: ErrorOptions) {
    super('ERR_STRATEGIES', fileName, problems, options);
  }
}

export interface ParsedStrategies {
  /** As they stand in the file, with the keys of the API. */
  readonly strategies: readonly Strategy[];
  /** In file order. */
  readonly rules: readonly Rule[];
  readonly warnings: readonly Problem[];
}

const ROOT = 'strategies';

/** The list of strategies of a body `{strategies: [...]}` or of a plain list. */
function readStrategies(source: YamlSource, places: Places): readonly Strategy[] {
  const context = { source, places, aliases: STRATEGY_KEY_ALIASES };
  if (source.problems.length > 0) return [];
  if (source.root === null) {
    source.problem(null, '', 'is empty; write `strategies: []` for no strategies');
    return [];
  }
  const list = isSeq(source.root)
    ? readNode(source.root, StrategiesBodySchema.properties.strategies, ROOT, context)
    : (readNode(source.root, StrategiesBodySchema, '', context) as { strategies?: unknown } | undefined)?.strategies;
  return (list ?? []) as readonly Strategy[];
}

function toRules(strategies: readonly Strategy[], places: Places, source: YamlSource): Rule[] {
  const rules: Rule[] = [];
  for (const [index, strategy] of strategies.entries()) {
    const path = `${ROOT}[${index}]`;
    if (Object.keys(strategy).length === 0) {
      source.problem(
        places.get(path),
        path,
        'is empty; set command_regex and priority, execution_time or cpus, or remove it',
      );
      continue;
    }
    try {
      rules.push(toRule(strategy, index));
    } catch (error) {
      if (!(error instanceof RegexError || error instanceof CpusError)) throw error;
      const key = error instanceof RegexError ? `${path}.command_regex` : `${path}.cpus`;
      source.problem(places.get(key), key, error.message);
    }
  }
  return rules;
}

function collectWarnings(
  rules: readonly Rule[],
  strategies: readonly Strategy[],
  places: Places,
  source: YamlSource,
): Problem[] {
  const errors = source.problems.length;
  for (const rule of rules) {
    const path = `${ROOT}[${rule.index}]`;
    const strategy = strategies[rule.index];
    const warn = (key: string, message: string): void => {
      const at = key === '' ? path : `${path}.${key}`;
      source.problem(places.get(at), at, message);
    };
    const about = 'is accepted, but workloads are not matched yet: this strategy matches nothing';
    if (strategy?.pid !== undefined) warn('pid', about);
    if ((strategy?.selectors ?? []).length > 0) warn('selectors', about);
    if ((strategy?.namespaces ?? []).length > 0) warn('namespaces', about);
    const endless = 'is accepted, but only the node API ends strategies: here it stays in force';
    if (strategy?.expiresAt !== undefined) warn('expiresAt', endless);
    if (strategy?.maxDuration !== undefined) warn('maxDuration', endless);
    if (!rule.byCommand) continue;
    if (rule.priority === null && rule.sliceNs === 0 && rule.cpus === null) {
      warn('', 'sets neither priority nor execution_time nor cpus: it only keeps weaker strategies from matching');
    }
    if (rule.pattern === null && rule.priority !== null && rule.priority < 10) {
      warn(
        'priority',
        `is given to every command of this node, and ${rule.priority} may push others off a CPU; add a command_regex`,
      );
    }
    for (const text of neverMatching(rule.commandRegex)) {
      const short = text.slice(0, COMM_LENGTH);
      warn(
        'command_regex',
        `never matches ${JSON.stringify(text)}: the kernel keeps ${COMM_LENGTH} characters of a name; write ${JSON.stringify(short)}`,
      );
    }
  }
  return source.problems.splice(errors);
}

/**
 * Reads strategies from YAML (or JSON, which is YAML): all of them or none.
 * @throws StrategiesError with everything that is wrong
 */
export function parseStrategies(text: string, fileName: string): ParsedStrategies {
  const source = readYaml(text, STRATEGY_LIMITS.fileBytes);
  const places: Places = new Map();
  const strategies = readStrategies(source, places);
  const rules = source.problems.length > 0 ? [] : toRules(strategies, places, source);
  if (source.problems.length > 0) throw new StrategiesError(fileName, source.problems);
  return { strategies, rules, warnings: inFileOrder(collectWarnings(rules, strategies, places, source)) };
}

/** What a text says, before anybody has looked at expressions and values that take more than the text to judge. */
export interface StrategyDocument {
  readonly strategies: readonly Strategy[];
  /** An error that says where in the text. @param key `strategies[3].command_regex` */
  errorAt(key: string, message: string): StrategiesError;
}

/**
 * The first half of parseStrategies: nothing is compiled, so that a text from elsewhere costs no more than its length.
 * @throws StrategiesError with everything that is wrong
 */
export function readStrategyDocument(text: string, fileName: string): StrategyDocument {
  const source = readYaml(text, STRATEGY_LIMITS.fileBytes);
  const places: Places = new Map();
  const strategies = readStrategies(source, places);
  if (source.problems.length > 0) throw new StrategiesError(fileName, source.problems);
  return {
    strategies,
    errorAt(key, message) {
      source.problem(places.get(key), key, message);
      return new StrategiesError(fileName, source.problems.splice(0));
    },
  };
}

/**
 * The text of a strategies file, for parseStrategies.
 * @throws StrategiesError
 */
export function readStrategiesText(path: string): string {
  try {
    return readText(path, STRATEGY_LIMITS.fileBytes);
  } catch (cause) {
    const message = `the strategies file ${readFailure(cause)}`;
    throw new StrategiesError(path, [{ line: 0, column: 0, key: '', message }], { cause });
  }
}
