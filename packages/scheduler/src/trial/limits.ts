// SPDX-License-Identifier: Apache-2.0

/** What a policy may take in its trial. */
export interface TrialLimits {
  readonly meanNsPerTask: number;
  readonly worstBatchNs: number;
  /** no sign of life for so long, while the thread uses the CPU: it does not return */
  readonly silentMs: number;
}

/** On a machine that can be worked with. A decision usually takes less than 100 ns a task. */
export const USUAL_LIMITS: TrialLimits = { meanNsPerTask: 20_000, worstBatchNs: 50e6, silentMs: 5000 };

/** What the built-in policy takes at most on such a machine, with all that measuring adds to small batches. */
const USUAL_BUILT_IN_NS = 1000;
const SLOWEST = 100;

/** Limits on a machine where the built-in policy takes `builtInNs` a task: an emulated one is a hundred times slower. */
export function scaleLimits(usual: TrialLimits, builtInNs: number): TrialLimits {
  const scale = Math.min(Math.max(1, builtInNs / USUAL_BUILT_IN_NS), SLOWEST);
  return {
    meanNsPerTask: usual.meanNsPerTask * scale,
    worstBatchNs: usual.worstBatchNs * scale,
    silentMs: usual.silentMs * Math.min(scale, 10),
  };
}
