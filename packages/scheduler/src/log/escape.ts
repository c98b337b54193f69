// SPDX-License-Identifier: Apache-2.0

/**
 * Control characters, line separators and marks that change the writing direction. Names of tasks and contents of
 * files are chosen by others: printed as they are, they could start a log line of their own or command a terminal.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const unicode = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** `text` on one line, with what could harm shown as `\n` or `\u001b`. */
export const oneLine = (text: string): string => text.replace(UNSAFE, (char) => SHORT[char] ?? unicode(char));

/** JSON text with the same characters escaped: the JSON is still the same value. */
export const plainJson = (json: string): string => json.replace(UNSAFE, unicode);
