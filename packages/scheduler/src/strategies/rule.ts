// SPDX-License-Identifier: Apache-2.0
import { type ComingUnit, formatCpuList, parseCpuList, type Strategy, strategyPriority } from '@gthulhu/contracts';
import { RE2JS, RE2JSException } from 're2js';

/** A strategy, made ready to be matched. */
export interface Rule {
  /** Its place among those that it came with first, from 0. */
  readonly index: number;
  /** By which it is known from one set to the next. */
  readonly id: string;
  /** 0..20, lower is stronger; null is no change. */
  readonly priority: number | null;
  /** Nanoseconds; 0 is no change. */
  readonly sliceNs: number;
  /** CPUs that it may use, in the list format as the kernel writes it; null is no change. */
  readonly cpus: string | null;
  /** Ids of the cgroups that it is bound to, with all that are in them; null is every task. */
  readonly cgroups: ReadonlySet<string> | null;
  /** Units that it is bound to by their names, also before they come. */
  readonly units: readonly ComingUnit[];
  /** As written; empty matches every command. */
  readonly commandRegex: string;
  /** False for rows about a process number or a pod: commands alone do not tell whom they mean. */
  readonly byCommand: boolean;
  /** Null for an empty expression. */
  readonly pattern: Pattern | null;
}

/** Searches anywhere in a command name, in time linear in its length. */
export interface Pattern {
  test(command: string): boolean;
}

/** Why an expression is refused, as the second half of a sentence. */
export class RegexError extends Error {
  override readonly name = 'RegexError';
}

function compilePattern(regex: string): RE2JS {
  try {
    return RE2JS.compile(regex);
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause;
    const reason = cause.message.replace(/^error parsing regexp: /, '');
    const perl = /Perl syntax|\\\d/.test(reason) ? ' (RE2 knows no look-around and no back references)' : '';
    throw new RegexError(`is not an RE2 expression: ${reason}${perl}`, { cause });
  }
}

/** Why a list of CPUs is refused, as the second half of a sentence. */
export class CpusError extends Error {
  override readonly name = 'CpusError';
}

function readCpus(text: string): string {
  let cpus: number[];
  try {
    cpus = parseCpuList(text);
  } catch {
    throw new CpusError(`is not a list of CPUs such as 0-3,8: ${JSON.stringify(text)}`);
  }
  if (cpus.length === 0) throw new CpusError('names no CPU');
  return formatCpuList(cpus);
}

/**
 * @param known expressions that have been compiled already
 * @throws RegexError, CpusError
 */
export function toRule(strategy: Strategy, index: number, known: ReadonlyMap<string, Pattern> = new Map()): Rule {
  const commandRegex = strategy.command_regex ?? '';
  return {
    index,
    id: `strategies[${index}]`,
    priority: strategyPriority(strategy.priority),
    sliceNs: strategy.execution_time ?? 0,
    cpus: strategy.cpus === undefined ? null : readCpus(strategy.cpus),
    cgroups: null,
    units: [],
    commandRegex,
    byCommand:
      strategy.pid === undefined && (strategy.selectors ?? []).length === 0 && (strategy.namespaces ?? []).length === 0,
    pattern: commandRegex === '' ? null : (known.get(commandRegex) ?? compilePattern(commandRegex)),
  };
}

/** Characters of a command name that the kernel keeps (TASK_COMM_LEN is 16, with the closing zero). */
export const COMM_LENGTH = 15;

/**
 * The alternatives of an expression that are plain text too long for any command name. Looks only at expressions
 * whose meaning is plain: letters, digits, `-_./:@` and anchors at the ends of alternatives.
 */
export function neverMatching(commandRegex: string): string[] {
  if (!/^[\w\-./:@^$|]*$/.test(commandRegex)) return [];
  return commandRegex
    .split('|')
    .map((alternative) => alternative.replace(/^\^/, '').replace(/\$$/, ''))
    .filter((text) => text.length > COMM_LENGTH);
}
