// SPDX-License-Identifier: Apache-2.0

/**
 * What the thread of a policy may take, live and in its trial: the trial must not pass what the live thread ends.
 * The policy thread needs little: a bigger heap would only hide a leak.
 */
export const POLICY_THREAD_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };

/** MB in typed arrays and buffers. They lie beside the heap, and V8's limits do not count them. */
export const POLICY_BUFFERS_MB = 64;
