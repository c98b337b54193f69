// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { Worker } from 'node:worker_threads';
import type { Strategy } from '@gthulhu/contracts';
import type { DocumentMessage, DocumentWorkerData } from './document-worker.ts';
import { readStrategyDocument, StrategiesError } from './parse-strategies.ts';

export interface AsideDocument {
  readonly strategies: readonly Strategy[];
  /** An error that says where in the text. @param key `strategies[3].command_regex` */
  errorAt(key: string, message: string): Promise<StrategiesError>;
}

/** A text that is no longer takes some milliseconds; starting a thread takes tens. */
const SHORT_BYTES = 16_384;

export interface ReadLimits {
  readonly heapMb: number;
  readonly ms: number;
}

/** The largest ConfigMap, full of strategies, needs 110 MB and 1.5 s of a free CPU. */
const LIMITS: ReadLimits = { heapMb: 160, ms: 120_000 };

const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './document-worker.ts' : './document-worker.js',
  import.meta.url,
);

const refused = (fileName: string, message: string, cause?: unknown): StrategiesError =>
  new StrategiesError(fileName, [{ line: 0, column: 0, key: '', message }], { cause });

function deathOf(error: unknown, fileName: string, { heapMb }: ReadLimits): StrategiesError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const why =
    code === 'ERR_WORKER_OUT_OF_MEMORY'
      ? `needs more than ${heapMb} MB of memory to be read; write it plainer, or less`
      : `can't be read: ${String(message ?? error)}`;
  return refused(fileName, why, error);
}

/** @throws StrategiesError */
function inThread(data: DocumentWorkerData, limits: ReadLimits): Promise<readonly Strategy[]> {
  const { fileName } = data;
  const resourceLimits = { maxOldGenerationSizeMb: limits.heapMb, maxYoungGenerationSizeMb: 4, stackSizeMb: 2 };
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerUrl, { workerData: data, resourceLimits, name: 'strategies' });
    const end = (settle: () => void): void => {
      clearTimeout(late);
      worker.removeAllListeners();
      worker.on('error', () => {});
      void worker.terminate().then(settle);
    };
    const fail = (error: StrategiesError): void => end(() => reject(error));
    const late = setTimeout(
      () => fail(refused(fileName, `took more than ${limits.ms / 1000} s to read; write it plainer, or less`)),
      limits.ms,
    );
    worker.on('message', (message: DocumentMessage) => {
      if (message.kind === 'refused') fail(new StrategiesError(fileName, message.problems));
      else end(() => resolve(message.strategies));
    });
    worker.on('error', (error) => fail(deathOf(error, fileName, limits)));
    worker.on('exit', (code) => fail(refused(fileName, `can't be read: its thread ended with code ${code}`)));
  });
}

/**
 * What readStrategyDocument does, without holding up whoever asks: a long text is read in a thread of its own, which may
 * take only so much memory and time.
 * @throws StrategiesError with everything that is wrong
 */
export async function readStrategyDocumentAside(
  text: string,
  fileName: string,
  limits: ReadLimits = LIMITS,
): Promise<AsideDocument> {
  if (Buffer.byteLength(text) <= SHORT_BYTES) {
    const { strategies, errorAt } = readStrategyDocument(text, fileName);
    return { strategies, errorAt: async (key, message) => errorAt(key, message) };
  }
  const strategies = await inThread({ text, fileName, fault: null }, limits);
  return {
    strategies,
    // Places went with the thread, and nearly nobody asks for one: it reads again.
    async errorAt(key, message) {
      try {
        await inThread({ text, fileName, fault: { key, message } }, limits);
      } catch (error) {
        return error as StrategiesError;
      }
      return new StrategiesError(fileName, [{ line: 0, column: 0, key, message }]);
    },
  };
}
