// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import type { Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { NODE_OPTIONS, parseScopes, print, UsageError, withNode, withUsage } from './connect.ts';
import { dataText } from './output.ts';

/** When a token ends, as it says itself; null where it does not. */
function expiryOf(token: string): string | null {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8')) as { exp?: unknown };
    return typeof exp === 'number' ? new Date(exp * 1000).toISOString() : null;
  } catch {
    return null;
  }
}

/** `gthulhu token`: a token for other programs, such as curl. */
export const token: Command = withUsage(async ({ args }) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...NODE_OPTIONS, scope: { type: 'string' } },
  });
  if (positionals.length > 0) throw new UsageError(`token takes options only, not ${positionals[0]}`);
  // A token that was given is not exchanged for another one.
  return withNode({ ...values, token: undefined }, parseScopes(values.scope), async (node) => {
    const text = await node.token();
    print(dataText(values.output, { token: text, expiresAt: expiryOf(text) }) ?? `${text}\n`);
    return EXIT.ok;
  });
});
