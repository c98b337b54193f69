// SPDX-License-Identifier: Apache-2.0
import { type ComingUnit, NODE_RULE_LIMITS, type NodeRule, sameAround, UNIT_LIMITS } from '@gthulhu/contracts';
import { compileOrdered, type Matcher, orderedByPrecedence } from './matcher.ts';
import { CpusError, type Pattern, RegexError, type Rule, toRule } from './rule.ts';

/** A rule that cannot be used, so none of its set is. */
export class NodeRuleError extends Error {
  override readonly name = 'NodeRuleError';
}

/** What the kernel has room for, twice: while a change is written, both are there. */
export const MAX_CGROUPS = NODE_RULE_LIMITS.cgroups;
export const MAX_CPU_LISTS = NODE_RULE_LIMITS.cpuLists;

/** A rule and where it stands: of two that apply to a task, the one with the smaller rank counts. */
export interface Ranked {
  readonly rule: Rule;
  /** 1 and up */
  readonly rank: number;
}

/** Rules, made ready to be put in force: by whom they are resolved, and in which order they count. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  /** By cgroup id: resolved by the kernel, for every task in the cgroup. */
  readonly cgroups: ReadonlyMap<string, Ranked>;
  /** By the names of a slice and a unit, `slice/unit`: for units that the kernel sees before anybody else. */
  readonly units: ReadonlyMap<string, Ranked>;
  /** How names of scopes begin that are passed by where a whole slice is meant. */
  readonly unitExcepts: ReadonlySet<string>;
  /** By precedence: resolved by this process, for each command. */
  readonly commands: readonly Ranked[];
  readonly matcher: Matcher;
  /** Lists of CPUs that they name. */
  readonly cpuLists: readonly string[];
  /** What `rules` were made of, where they came from the node API: the same object is the same rule. */
  readonly given: readonly NodeRule[];
}

/** By which a unit is known here: neither of its names has a slash. */
const unitKey = ({ slice, name }: ComingUnit): string => `${slice}/${name}`;

/** A rule about whole cgroups: every command in them. */
const isOfCgroups = (rule: Rule): boolean => rule.cgroups !== null && rule.pattern === null;

/**
 * Sorts rules into those that the kernel resolves and those that need the command. Ranks leave room for rules about
 * cgroups between those about commands, so that pods that come and go change the rank of nobody else.
 * @param ordered the strongest first
 * @param before the set that these follow
 * @throws NodeRuleError for more than the kernel has room for
 */
export function ruleSetOf(
  ordered: readonly Rule[],
  given: readonly NodeRule[] = [],
  before: RuleSet | null = null,
): RuleSet {
  const cgroups = new Map<string, Ranked>();
  const units = new Map<string, Ranked>();
  const unitExcepts = new Set<string>();
  const commands: Ranked[] = [];
  for (const rule of ordered) {
    if (!isOfCgroups(rule)) {
      commands.push({ rule, rank: 2 * commands.length + 2 });
      continue;
    }
    const ranked = { rule, rank: 2 * commands.length + 1 };
    for (const id of rule.cgroups ?? []) if (!cgroups.has(id)) cgroups.set(id, ranked);
    for (const unit of rule.units) {
      const key = unitKey(unit);
      if (!units.has(key)) units.set(key, ranked);
      for (const beginning of unit.except ?? []) unitExcepts.add(beginning);
    }
  }
  const cpuLists = [...new Set(ordered.flatMap(({ cpus }) => (cpus === null ? [] : [cpus])))];
  if (cgroups.size > MAX_CGROUPS)
    throw new NodeRuleError(`the strategies name ${cgroups.size} cgroups; the scheduler knows ${MAX_CGROUPS} at once`);
  if (units.size > UNIT_LIMITS.units)
    throw new NodeRuleError(
      `the strategies name ${units.size} units; the scheduler knows ${UNIT_LIMITS.units} at once`,
    );
  if (cpuLists.length > MAX_CPU_LISTS)
    throw new NodeRuleError(
      `the strategies name ${cpuLists.length} different lists of CPUs; the scheduler knows ${MAX_CPU_LISTS} at once`,
    );
  const sameCommands =
    before !== null &&
    commands.length === before.commands.length &&
    commands.every(({ rule }, i) => rule === before.commands[i].rule);
  return {
    rules: ordered,
    cgroups,
    units,
    unitExcepts,
    commands: sameCommands ? before.commands : commands,
    // It remembers which names match what.
    matcher: sameCommands ? before.matcher : compileOrdered(commands.map(({ rule }) => rule)),
    cpuLists,
    given,
  };
}

/** The strategies of a file. */
export const ruleSetOfFile = (rules: readonly Rule[]): RuleSet => ruleSetOf(orderedByPrecedence(rules));

/** The largest id that a cgroup can have. */
const MAX_ID = 2n ** 64n - 1n;

function readCgroups(rule: NodeRule): ReadonlySet<string> | null {
  if (rule.cgroups === null) return null;
  return new Set(
    rule.cgroups.map((text) => {
      const id = BigInt(text);
      if (id < 1n || id > MAX_ID) throw new NodeRuleError(`strategy ${rule.id} names a cgroup ${text}, which is no id`);
      return `${id}`;
    }),
  );
}

function readRule(given: NodeRule, index: number, known: ReadonlyMap<string, Pattern>): Rule {
  const { id, priority, sliceNs, cpus, commandRegex } = given;
  try {
    const rule = toRule(
      {
        priority: priority ?? false,
        execution_time: sliceNs,
        command_regex: commandRegex,
        ...(cpus === null ? {} : { cpus }),
      },
      index,
      known,
    );
    return { ...rule, id, cgroups: readCgroups(given), units: given.units ?? [] };
  } catch (cause) {
    if (cause instanceof RegexError)
      throw new NodeRuleError(`the command_regex of strategy ${id} ${cause.message}`, { cause });
    if (cause instanceof CpusError) throw new NodeRuleError(`cpus of strategy ${id} ${cause.message}`, { cause });
    throw cause;
  }
}

/**
 * The rules of the node API, which come in their order: the strongest first.
 * @param before the set that these follow: what has stayed the same is not made again
 * @throws NodeRuleError also for one that cannot be used
 */
export function ruleSetOfNode(rules: readonly NodeRule[], before: RuleSet | null = null): RuleSet {
  const given = before?.given ?? [];
  const { head, tail } = sameAround(rules, given);
  const made = new Map<NodeRule, Rule>();
  for (let i = head; before !== null && i < given.length - tail; i++) made.set(given[i], before.rules[i]);
  const known = new Map<string, Pattern>();
  const patterns = head + tail < rules.length ? (before?.rules ?? []) : [];
  for (const { commandRegex, pattern } of patterns) if (pattern !== null) known.set(commandRegex, pattern);
  const ordered = [
    ...(before?.rules.slice(0, head) ?? []),
    ...rules
      .slice(head, rules.length - tail)
      .map((rule, index) => made.get(rule) ?? readRule(rule, head + index, known)),
    ...(before?.rules.slice(given.length - tail) ?? []),
  ];
  return ruleSetOf(ordered, rules, before);
}
