// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { type Document, isAlias, LineCounter, type Node, parseDocument } from 'yaml';
import type { Problem } from './problem.ts';
import { MAX_DEPTH, tooDeepAt } from './yaml-depth.ts';

/** Aliases a file may use. Resolving one walks the document, so their number is bounded, not only their expansion. */
const MAX_ALIASES = 100;

/** A parsed YAML file whose nodes know where they stand. */
export interface YamlSource {
  /** Top node, null for a file without content. */
  readonly root: Node | null;
  /** Follows an alias; undefined, with a problem, when it leads nowhere or the file uses too many of them. */
  resolve(node: Node | null, key: string): Node | null | undefined;
  problem(node: Node | null | undefined, key: string, message: string): void;
  readonly problems: Problem[];
}

function parse(text: string, lines: LineCounter): Document | string {
  try {
    // Duplicate keys are looked for by the reader: the parser's own check is quadratic.
    return parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, logLevel: 'error' });
  } catch (cause) {
    return cause instanceof RangeError ? 'nested too deeply' : String(cause);
  }
}

/**
 * Parses `text` without building values from it, so nothing in it can expand. Errors are collected in `problems`;
 * when there are any, `root` is null.
 */
export function readYaml(text: string, maxBytes: number): YamlSource {
  const problems: Problem[] = [];
  const lines = new LineCounter();
  const at = (offset: number, key: string, message: string): void => {
    const { line, col } = lines.linePos(offset);
    problems.push({ line: Math.max(line, 1), column: Math.max(col, 1), key, message });
  };

  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) {
    problems.push({ line: 0, column: 0, key: '', message: `has ${bytes} bytes, at most ${maxBytes} are read` });
    return { root: null, problems, resolve: (node) => node, problem: () => {} };
  }

  const deep = tooDeepAt(text);
  if (deep !== null) {
    // Nobody has parsed it, so nobody knows where its lines begin.
    for (let start = 0; start >= 0 && start <= deep; start = text.indexOf('\n', start) + 1 || -1)
      lines.addNewLine(start);
    at(deep, '', `is not readable as YAML: here it goes deeper than ${MAX_DEPTH} levels`);
    return { root: null, problems, resolve: (node) => node, problem: () => {} };
  }
  const document = parse(text, lines);
  if (typeof document === 'string') {
    at(0, '', `is not readable as YAML: ${document}`);
    return { root: null, problems, resolve: (node) => node, problem: () => {} };
  }
  for (const error of [...document.errors, ...document.warnings]) {
    at(error.pos[0], '', `is not valid YAML: ${error.message}`);
  }

  let aliases = 0;
  return {
    root: problems.length > 0 ? null : document.contents,
    problems,
    resolve(node, key) {
      if (!isAlias(node)) return node;
      aliases += 1;
      if (aliases > MAX_ALIASES) {
        if (aliases === MAX_ALIASES + 1) {
          at(
            node.range?.[0] ?? 0,
            key,
            `is alias number ${aliases}, at most ${MAX_ALIASES} are followed; write the value out`,
          );
        }
        return undefined;
      }
      const target = node.resolve(document);
      if (target === undefined) at(node.range?.[0] ?? 0, key, `refers to &${node.source}, which is not set before it`);
      return target;
    },
    problem: (node, key, message) => at(node?.range?.[0] ?? 0, key, message),
  };
}
