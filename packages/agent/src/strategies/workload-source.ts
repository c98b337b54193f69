// SPDX-License-Identifier: Apache-2.0
import type { PlainStrategy } from './record.ts';

/** Who knows which containers of this node have which labels. */
export interface WorkloadSource {
  /** Whether anything can be matched here at all. */
  readonly available: boolean;
  /** Ids (inode numbers, as text) of the cgroups that the selectors and namespaces of a strategy mean. */
  cgroupsOf(strategy: Pick<PlainStrategy, 'selectors' | 'namespaces'>): readonly string[];
  /** Calls back after each change of what cgroupsOf answers. @returns ends it */
  onChange(listener: () => void): () => void;
}

/** Nobody knows any: strategies with selectors or namespaces match nothing. */
export const NO_WORKLOADS: WorkloadSource = { available: false, cgroupsOf: () => [], onChange: () => () => {} };
