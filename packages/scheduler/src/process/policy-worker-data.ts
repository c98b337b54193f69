// SPDX-License-Identifier: Apache-2.0
/** What crosses the border between the main thread and a policy worker. */
import type { GlobalsInfo, StructLayout } from '@gthulhu/bpf';
import type { PolicyModule } from '../policies/policy-module.ts';
import type { Cells } from './cells.ts';

export interface PolicyWorkerData {
  readonly mode: string;
  /** A policy of one's own; null for the built-in one of that mode. */
  readonly module: PolicyModule | null;
  /** Where batches are recorded; empty for nowhere. */
  readonly traceFile: string;
  /** Bytes of the recording, at most. */
  readonly traceMaxBytes: number;
  readonly ringFd: number;
  readonly recordLayout: StructLayout;
  readonly applyFd: number;
  /** SYSCALL program that tells the kernel which thread decides. */
  readonly registerFd: number;
  readonly registerLayout: StructLayout;
  readonly decisionLayout: StructLayout;
  readonly bss: GlobalsInfo;
  readonly cells: Cells;
  /** Of this worker alone. */
  readonly ownCells: Cells;
  /** Another worker decides until this one is told to: ring and answers are not touched before. */
  readonly takesOver: boolean;
  readonly nrCpus: number;
  readonly sliceDefaultNs: number;
  readonly sliceMinNs: number;
}

export type PolicyWorkerMessage =
  /** Its silence counts from here. */
  | { readonly state: 'loaded'; readonly tid: number /** for wakeRing() */; readonly wakeFd: number }
  /** It waits for TAKE_OVER. */
  | { readonly state: 'warm' }
  /** It decides. */
  | { readonly state: 'ready'; readonly policy: string }
  /** It decides no longer, as it was asked: another one may. */
  | { readonly state: 'ended' }
  /** Batches are no longer recorded. */
  | { readonly state: 'unrecorded'; readonly reason: string }
  /** A line by a policy of one's own. */
  | { readonly state: 'printed'; readonly line: string };

/** The main thread's word to a worker that is warm. */
export const TAKE_OVER = 'take over';

/** False for what a policy has posted by itself: it shares the port of its thread. */
export function isPolicyWorkerMessage(value: unknown): value is PolicyWorkerMessage {
  if (typeof value !== 'object' || value === null) return false;
  const { state, tid, wakeFd, policy, reason, line } = value as Record<string, unknown>;
  switch (state) {
    case 'loaded':
      return Number.isInteger(tid) && Number.isInteger(wakeFd);
    case 'warm':
    case 'ended':
      return true;
    case 'ready':
      return typeof policy === 'string';
    case 'unrecorded':
      return typeof reason === 'string';
    case 'printed':
      return typeof line === 'string';
    default:
      return false;
  }
}
