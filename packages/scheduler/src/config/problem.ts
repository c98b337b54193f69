// SPDX-License-Identifier: Apache-2.0
import { oneLine } from '../log/escape.ts';

/** Something in a file that its author has to know. Line and column count from 1; 0 is the file as a whole. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  /** Dotted key, or empty. */
  readonly key: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** A file longer in problems than this is the wrong file: the rest is only counted. */
const SHOWN = 50;

/** `file:line:col: key: message`, the form that editors can jump to. */
export function formatProblem(fileName: string, problem: Problem): string {
  const place = problem.line === 0 ? fileName : `${fileName}:${problem.line}:${problem.column}`;
  const key = problem.key === '' ? '' : `${problem.key}: `;
  return oneLine(`${place}: ${key}${problem.message}`);
}

export const inFileOrder = (problems: readonly Problem[]): Problem[] =>
  [...problems].sort((a, b) => a.line - b.line || a.column - b.column);

function formatAll(fileName: string, problems: readonly Problem[]): string {
  const lines = problems.slice(0, SHOWN).map((problem) => formatProblem(fileName, problem));
  if (problems.length > SHOWN) lines.push(`${fileName}: and ${problems.length - SHOWN} more problems`);
  return lines.join('\n');
}

/** A file that cannot be used. `problems` holds all that was found, in file order; `message` has one line for each. */
export class DocumentError extends Error {
  readonly code: string;
  readonly fileName: string;
  readonly problems: readonly Problem[];

  constructor(code: string, fileName: string, problems: readonly Problem[], options?: ErrorOptions) {
    const ordered = inFileOrder(problems);
    super(formatAll(fileName, ordered), options);
    this.name = new.target.name;
    this.code = code;
    this.fileName = fileName;
    this.problems = ordered;
  }
}

/** The configuration cannot be used. */
export class ConfigError extends DocumentError {
  constructor(fileName: string, problems: readonly Problem[], options?: ErrorOptions) {
    super('ERR_CONFIG', fileName, problems, options);
  }
}
