// SPDX-License-Identifier: Apache-2.0

export interface Memory {
  readonly rssMib: number;
  /** after a collection */
  readonly heapMib: number;
}

/** What a reader of watch events tells of itself. */
export interface FloodResult {
  readonly events: number;
  /** workloads at the end, and how many different versions they have */
  readonly pods: number;
  readonly versions: number;
  /** from the first event to the last */
  readonly seconds: number;
  readonly cpuUsPerEvent: number;
  /** a process that has loaded what an agent has without this */
  readonly bare: Memory;
  readonly loaded: Memory;
  /** with the first list */
  readonly listed: Memory;
  /** after each tenth of the events, MiB */
  readonly rss: readonly number[];
  readonly after: Memory;
}
