// SPDX-License-Identifier: Apache-2.0
import { stringify } from 'yaml';

export const OUTPUTS = ['table', 'wide', 'json', 'yaml'] as const;

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The value for programs; null where a table for people is wanted. */
export function dataText(output: string, value: unknown): string | null {
  if (output === 'json') return json(value);
  // No aliases: what stands twice is written twice.
  return output === 'yaml' ? stringify(value, { aliasDuplicateObjects: false }) : null;
}
