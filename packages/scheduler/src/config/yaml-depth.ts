// SPDX-License-Identifier: Apache-2.0
import { Lexer } from 'yaml';

/** No file that people write comes near. The parser goes down by recursion, and takes long to find the end of its stack. */
export const MAX_DEPTH = 100;

const OPEN = '[{';
const CLOSE = ']}';
/** So many lists in lists, or keys in keys, begin on one line. */
const COMPACT = new RegExp(`(?:[-?][ \\t]+){${MAX_DEPTH}}`);
/** What the lexer says besides pieces of the text: marks of one character. */
const MARKS = '\u{2}\u{18}\u{1f}\u{feff}';

/** Never less than what is nested: brackets in texts and comments count too. */
function mayBeDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (OPEN.includes(character) && ++depth > MAX_DEPTH) return true;
    if (CLOSE.includes(character) && depth > 0) depth--;
  }
  return COMPACT.test(text);
}

/**
 * Where a YAML text goes deeper than MAX_DEPTH, as an offset in characters; null where it does not. By indentation alone
 * a text of a mebibyte cannot.
 */
export function tooDeepAt(text: string): number | null {
  if (!mayBeDeep(text)) return null;
  let offset = 0;
  let flow = 0;
  let compact = 0;
  for (const token of new Lexer().lex(text)) {
    if (token.length === 1 && MARKS.includes(token)) continue;
    if (token.includes('\n')) compact = 0;
    if (token === '-' || token === '?') compact++;
    if (token === '[' || token === '{') flow++;
    if ((token === ']' || token === '}') && flow > 0) flow--;
    if (flow + compact > MAX_DEPTH) return offset;
    offset += token.length;
  }
  return null;
}
