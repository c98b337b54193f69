// SPDX-License-Identifier: Apache-2.0
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const REASON_CHARS = 500;

/** What was there instead, where a test compared; else what it says. In one line. */
function reason(test: TestCase): string {
  const [error] = test.result().errors ?? [];
  const text = error?.actual === undefined || error.actual === '' ? (error?.message ?? '') : `got ${error.actual}`;
  return text.replaceAll(/\s+/g, ' ').slice(0, REASON_CHARS);
}

/**
 * Ends a test run with a line for each test that failed, and one that counts: whoever sees only the end of a log learns
 * why. Where CI is set, a skipped test is a failed run.
 */
export class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const failed: string[] = [];
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        count[test.result().state] += 1;
        if (test.result().state === 'failed')
          failed.push(`FAILED ${module.relativeModuleId} > ${test.fullName}: ${reason(test)}`);
      }
      // A file that can't be loaded has no tests to count.
      if (tests.length === 0 && module.state() === 'failed') count.failed += 1;
    }
    const skipped = count.skipped + count.pending;
    if (skipped > 0 && process.env.CI) {
      process.exitCode = 1;
      process.stderr.write('Skipped tests fail the run here, because CI is set.\n');
    }
    // After the default reporter's own summary.
    process.once('exit', () => {
      for (const line of failed) process.stdout.write(`${line}\n`);
      process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${skipped} skipped\n`);
    });
  }
}
