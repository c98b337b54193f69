// SPDX-License-Identifier: Apache-2.0
import { readText, repositoryFiles } from './files.ts';

/** All documents for readers, paths from the root. */
export const documents = (): string[] => repositoryFiles().filter((path) => path.endsWith('.md'));

export interface CodeBlock {
  /** What follows the opening fence: `yaml`, `ts policy`. */
  readonly info: string;
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

/** A document taken apart: code blocks, and the prose without them. */
export interface Parts {
  readonly blocks: readonly CodeBlock[];
  readonly prose: string;
}

export function partsOf(text: string): Parts {
  const blocks: CodeBlock[] = [];
  const prose: string[] = [];
  let open: { info: string; line: number; lines: string[] } | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) {
      (open?.lines ?? prose).push(line);
    } else if (open === null) {
      open = { info: (fence[1] ?? '').trim(), line: index + 1, lines: [] };
    } else {
      blocks.push({ info: open.info, line: open.line, text: `${open.lines.join('\n')}\n` });
      open = null;
    }
  }
  return { blocks, prose: prose.join('\n') };
}

/** `# One`, `## Two` as [level, text]. */
export function headings(text: string): [level: number, title: string][] {
  return [...partsOf(text).prose.matchAll(/^(#{1,6}) (.+)$/gm)].map((match) => [
    (match[1] ?? '').length,
    (match[2] ?? '').trim(),
  ]);
}

/** The anchor that web interfaces for git give a heading. */
export const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');

/** Targets of links and images, without those in code. */
export function links(text: string): string[] {
  const prose = partsOf(text).prose.replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
}

/** YAML in code blocks: `yaml` ones, and here-documents that end in YAML in shell ones. */
export function yamlExamples(path: string): { readonly name: string; readonly text: string }[] {
  return partsOf(readText(path)).blocks.flatMap(({ info, text, line }) => {
    const name = `${path}:${line}`;
    if (info === 'yaml') return [{ name, text }];
    if (info !== 'sh') return [];
    return [...text.matchAll(/<<'YAML'\n(.*?)^YAML$/gms)].map((match, i) => ({
      name: `${name} #${i + 1}`,
      text: match[1] ?? '',
    }));
  });
}
