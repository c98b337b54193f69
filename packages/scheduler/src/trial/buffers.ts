// SPDX-License-Identifier: Apache-2.0

/** Bytes of this thread's typed arrays and buffers, with those that are not in use any more. */
export const bufferBytes = (): number => process.memoryUsage().arrayBuffers;

/** The same without them. Takes milliseconds: for those who have too many. */
export async function usedBufferBytes(): Promise<number> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.collectGarbage');
  } finally {
    session.disconnect();
  }
  return bufferBytes();
}
