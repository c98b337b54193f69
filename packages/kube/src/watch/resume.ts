// SPDX-License-Identifier: Apache-2.0
import type { KubeError } from '../kube-error.ts';

/**
 * How to go on: watch from the last version; list what the server has at hand, no older than what we had; list the
 * newest state there is.
 */
export type From = 'watch' | 'list-any' | 'list-newest';

/** Reason of an error of our own: what came is of an earlier state than what we have. */
export const WENT_BACK = 'WentBack';

/**
 * Reason of an error of our own: not one event came, not even a bookmark. The connection is dead, or the server waits for
 * our version: one that was restored from a backup is not there yet, takes the watch, and says nothing.
 */
export const SILENT = 'Silent';

/** What to do after a failure while doing `from`. */
export function afterFailure({ code, status, reason }: KubeError, from: From): From {
  // Its history does not reach back to our version, or not yet up to it (restored from a backup).
  if (status === 410 || reason === 'Expired' || reason === 'Gone') return 'list-newest';
  // A server that was set back would send nothing until it is where we are.
  if (reason === WENT_BACK) return 'list-newest';
  if (status === 504 || reason === 'ResourceVersionTooLarge') return 'list-newest';
  if (reason === SILENT) return from === 'watch' ? 'list-any' : from;
  // A version that it does not take at all.
  if (status === 400 || status === 422) return 'list-newest';
  // Something was said that could not be understood: an object may have changed.
  if (code === 'ERR_KUBE_ANSWER' || code === 'ERR_KUBE_TOO_LARGE') return from === 'watch' ? 'list-any' : 'list-newest';
  return from;
}
