// SPDX-License-Identifier: Apache-2.0
/** What crosses the border between a trial and its thread. */
import type { PolicySource } from '../policies/policy-file.ts';
import type { PolicyModule } from '../policies/policy-module.ts';
import type { TrialLimits } from './limits.ts';
import type { TrialReport } from './report.ts';

export interface TrialWorkerData {
  readonly source: PolicySource;
  /** Recordings that have to be there. */
  readonly traces: readonly string[];
  /** One that is taken where it is there and can be read. */
  readonly liveTrace: string;
  readonly limits: TrialLimits;
  /** So many lines of what the policy prints are passed on. */
  readonly linesASecond: number;
  /** 1 from when the policy is loaded on. Shared: when the thread ends, what it has posted may come later than its end. */
  readonly reached: Int32Array;
}

export type TrialMessage =
  | { readonly kind: 'started'; readonly tid: number }
  /** a sign of life, and how long it may take until the next one */
  | { readonly kind: 'alive'; readonly doing: string; readonly silentMs: number }
  | { readonly kind: 'passed'; readonly module: PolicyModule; readonly report: TrialReport; readonly notes: string[] }
  /** `machine`: it took too long, which may not be the policy's fault */
  | { readonly kind: 'failed'; readonly reason: string; readonly machine: boolean }
  /** a line by the policy; no sign of life */
  | { readonly kind: 'printed'; readonly line: string };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** False for what a policy has posted by itself: it shares the port of its thread. */
export function isTrialMessage(value: unknown): value is TrialMessage {
  if (!isObject(value)) return false;
  switch (value.kind) {
    case 'started':
      return typeof value.tid === 'number';
    case 'alive':
      return typeof value.doing === 'string' && typeof value.silentMs === 'number';
    case 'passed':
      return isObject(value.module) && isObject(value.report) && Array.isArray(value.notes);
    case 'failed':
      return typeof value.reason === 'string' && typeof value.machine === 'boolean';
    case 'printed':
      return typeof value.line === 'string';
    default:
      return false;
  }
}
