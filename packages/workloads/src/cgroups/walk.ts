// SPDX-License-Identifier: Apache-2.0
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { type CgroupTree, createCgroupTree, nameText } from './cgroup-tree.ts';

/** More than any machine has; a bound on the memory that whoever makes cgroups can take. */
export const MAX_CGROUPS = 100_000;

export interface Walk {
  readonly tree: CgroupTree;
  /** Left out, because there are too many or their path is too long. */
  readonly skipped: number;
}

export interface WalkOptions {
  readonly most?: number;
  /** Called every few ms: what cannot wait for the end of the pass. */
  readonly onPause?: () => void;
}

/** Time that one slice of the pass may keep the process from other work, ms. */
const SLICE_MS = 5;
const SLASH = Buffer.from('/');

/** What a cgroup that vanishes meanwhile answers. */
const GONE = new Set(['ENOENT', 'ENODEV', 'ENOTDIR']);

function unlessGone<T>(read: () => T, onSkip: () => void): T | null {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    // Anything else concerns one cgroup; without it the others can still be told of.
    if (!GONE.has(code)) onSkip();
    return null;
  }
}

/** @returns inode number of a directory, as text. Throws where there is none. */
export function cgroupIdOf(folder: string | Buffer): string {
  return statSync(folder, { bigint: true }).ino.toString();
}

/**
 * One whole pass over a hierarchy. Cgroups that come or go meanwhile may be in it or not.
 * @throws when the root itself cannot be read
 */
export async function walkCgroups(root: string, signal: AbortSignal, options: WalkOptions = {}): Promise<Walk> {
  const { most = MAX_CGROUPS, onPause = () => undefined } = options;
  const rootId = cgroupIdOf(root);
  const tree = createCgroupTree(rootId);
  const pending: [path: Buffer, id: string][] = [[Buffer.from(root), rootId]];
  let skipped = 0;
  const skip = (): void => {
    skipped++;
  };
  const list = (path: Buffer): Dirent<Buffer>[] => readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
  list(pending[0][0]);
  let sliceEnd = performance.now() + SLICE_MS;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [path, id] = next;
    for (const entry of unlessGone(() => list(path), skip) ?? []) {
      if (!entry.isDirectory()) continue;
      if (tree.size >= most) {
        skip();
        continue;
      }
      const below = Buffer.concat([path, SLASH, entry.name]);
      const childId = unlessGone(() => cgroupIdOf(below), skip);
      if (childId === null || tree.add(childId, id, nameText(entry.name)) === null) continue;
      pending.push([below, childId]);
    }
    if (performance.now() < sliceEnd) continue;
    await setImmediate();
    if (signal.aborted) break;
    onPause();
    sliceEnd = performance.now() + SLICE_MS;
  }
  return { tree, skipped };
}
