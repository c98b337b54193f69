// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';

/** CPU time of one of our threads, ms; 0 where it is gone. */
export function threadCpuMs(tid: number): number {
  try {
    return Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}
