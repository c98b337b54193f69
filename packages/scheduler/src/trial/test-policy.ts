// SPDX-License-Identifier: Apache-2.0
import { oneLine } from '../log/escape.ts';
import { type PolicySource, policyFileFault, readPolicyFile } from '../policies/policy-file.ts';
import { formatReport } from './format-report.ts';
import { runTrial } from './run-trial.ts';
import type { TestPolicyOptions } from './test-policy-options.ts';

/** Of what a policy prints, in a second: whoever looks for a mistake wants to see it all. */
const PRINTED_LINES = 1000;

/** What the scheduler would refuse is tried all the same: whoever writes a policy need not be root. */
function note(file: string, warn: (line: string) => void): void {
  const fault = policyFileFault(file);
  if (fault !== null) warn(`note: the scheduler would refuse this file: ${fault}`);
}

/**
 * `gthulhu policy test`: runs a policy on recorded batches, without any kernel, and says what it would have done.
 * @returns the exit code: 0 passed, 1 not
 */
export async function testPolicy({ file, trace, output, write, warn }: TestPolicyOptions): Promise<number> {
  const fail = (reason: string): number => {
    if (output === 'json') write(`${JSON.stringify({ passed: false, reason })}\n`);
    else warn(`failed: ${reason}`);
    return 1;
  };
  let source: PolicySource;
  try {
    source = readPolicyFile(file);
    note(file, warn);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const result = await runTrial({
    source,
    ...(trace === undefined ? {} : { traces: [trace] }),
    onPrinted: (line) => warn(`policy prints: ${oneLine(line)}`),
    linesASecond: PRINTED_LINES,
  });
  if (!result.passed) return fail(result.reason);
  for (const line of result.notes) warn(`note: ${line}`);
  const { report } = result;
  if (output === 'json')
    write(`${JSON.stringify({ passed: true, file: source.file, sha256: source.sha256, ...report })}\n`);
  else write(`${formatReport(report)}\npassed: ${source.file} (sha256 ${source.sha256})\n`);
  return 0;
}
