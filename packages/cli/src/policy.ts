// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from 'node:util';
import { TRIAL_OUTPUTS, testPolicy } from '@gthulhu/scheduler';
import type { Command } from './command.ts';

/** `gthulhu policy test`: a policy of one's own on recorded batches. */
export const policy: Command = async ({ args, misused }) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { trace: { type: 'string' }, output: { type: 'string', short: 'o', default: 'table' } },
  });
  const [verb, file, ...more] = positionals;
  if (verb !== 'test')
    return misused(
      verb === undefined ? 'policy takes a command: policy test FILE' : `there is no command policy ${verb}`,
    );
  if (file === undefined || file === '') return misused('policy test takes the file of a policy');
  if (values.trace === '') return misused('--trace takes a file');
  if (more.length > 0) return misused(`policy test takes one file, not ${more.length + 1}`);
  const output = TRIAL_OUTPUTS.find((known) => known === values.output);
  if (output === undefined) return misused(`-o takes ${TRIAL_OUTPUTS.join(' or ')}, not ${values.output}`);
  return testPolicy({
    file,
    trace: values.trace,
    output,
    write: (text) => void process.stdout.write(text),
    warn: (line) => void process.stderr.write(`gthulhu: ${line}\n`),
  });
};
