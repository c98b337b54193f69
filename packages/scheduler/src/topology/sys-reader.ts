// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is read from sysfs. Paths are relative to its root: `devices/system/cpu/online`. */
export interface SysReader {
  /** Text of a file without the final newline, null when there is none or it gives no answer. */
  read(path: string): string | null;
  /** Names in a directory, empty when there is none. */
  list(path: string): readonly string[];
}

/** Reads the tree under `root`, for example `/sys`. */
export function sysReader(root: string): SysReader {
  // Attributes of a CPU that goes offline meanwhile fail with ENODEV or vanish: both mean "no answer".
  const attempt = <T>(read: () => T, otherwise: T): T => {
    try {
      return read();
    } catch {
      return otherwise;
    }
  };
  return {
    read: (path) => attempt<string | null>(() => readFileSync(join(root, path), 'utf8').trimEnd(), null),
    list: (path) => attempt<readonly string[]>(() => readdirSync(join(root, path)), []),
  };
}
