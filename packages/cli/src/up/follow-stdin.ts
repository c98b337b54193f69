// SPDX-License-Identifier: Apache-2.0

/** Set for children of `gthulhu up`: they end with their standard input. */
export const FOLLOW_STDIN = 'GTHULHU_ENDS_WITH_STDIN';

/** For a child: whoever started it is gone when its standard input ends. */
export function endWithStdin(): void {
  if (process.env[FOLLOW_STDIN] !== '1') return;
  process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume();
  // It is no reason to stay.
  (process.stdin as unknown as { unref?: () => void }).unref?.();
}
