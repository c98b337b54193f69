// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { turnOff } from '@gthulhu/scheduler';
import type { Command } from './command.ts';

/** `gthulhu off`: ends a pinned scheduler. */
export const off: Command = async ({ args, misused }) => {
  const { values } = parseArgs({
    args: [...args],
    options: { 'pin-path': { type: 'string' }, output: { type: 'string', short: 'o', default: 'text' } },
  });
  const { output } = values;
  if (output !== 'text' && output !== 'json') return misused(`-o takes text or json, not ${output}`);
  const pinPath = values['pin-path'];
  if (pinPath !== undefined && !pinPath.startsWith('/'))
    return misused(`--pin-path takes an absolute path, not ${pinPath}`);
  try {
    const report = await turnOff({ pinPath });
    if (output === 'json') process.stdout.write(`${JSON.stringify(report)}\n`);
    else (report.ok ? process.stdout : process.stderr).write(`gthulhu: ${report.message}\n`);
    return report.ok ? 0 : 1;
  } catch (error) {
    process.stderr.write(`gthulhu: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
};
