// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';

/**
 * A UUID of version 8 (RFC 9562, section 5.8) made of a digest: every node gives a strategy of the cluster the same id,
 * and it keeps it as long as it says the same.
 */
export function contentId(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  const bytes = hash.digest().subarray(0, 16);
  bytes[6] = 0x80 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
