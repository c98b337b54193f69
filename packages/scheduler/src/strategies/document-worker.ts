// SPDX-License-Identifier: Apache-2.0
/** Reads one text, in a thread that ends afterwards with all that the parser needed. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Strategy } from '@gthulhu/contracts';
import type { Problem } from '../config/problem.ts';
import { readStrategyDocument, StrategiesError } from './parse-strategies.ts';

export interface DocumentWorkerData {
  readonly text: string;
  readonly fileName: string;
  /** What is known to be wrong: then its place is wanted, and nothing else. */
  readonly fault: { readonly key: string; readonly message: string } | null;
}

export type DocumentMessage =
  | { readonly kind: 'read'; readonly strategies: readonly Strategy[] }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

function read({ text, fileName, fault }: DocumentWorkerData): DocumentMessage {
  try {
    const document = readStrategyDocument(text, fileName);
    if (fault !== null) throw document.errorAt(fault.key, fault.message);
    return { kind: 'read', strategies: document.strategies };
  } catch (error) {
    if (!(error instanceof StrategiesError)) throw error;
    return { kind: 'refused', problems: error.problems };
  }
}

parentPort?.postMessage(read(workerData as DocumentWorkerData));
