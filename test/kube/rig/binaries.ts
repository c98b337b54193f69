// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `kube` is apiserver, controller-manager, scheduler, kubectl and etcd in one, chosen by its first argument. */
export type BinaryName = 'kube' | 'kubelet' | 'kwok';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'gthulhu', 'kube');

/** SHA-256 of each unpacked program: those that the tests were written against. */
function sums(): ReadonlyMap<string, string> {
  const lines = readFileSync(new URL('programs.sums', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return new Map(lines.map((line) => [line.split(/\s+/)[1], line.split(/\s+/)[0]]));
}

const cachedPath = (name: BinaryName): string => join(cache, `${name}-${sums().get(name)?.slice(0, 12)}`);

/** Folders with `NAME.xz`, first come first served. */
const packedPath = (name: BinaryName): string | undefined =>
  [process.env.GTHULHU_KUBE_BIN, join(root, '../shared/kube')]
    .filter((folder) => folder !== undefined && folder !== '')
    .map((folder) => join(folder as string, `${name}.xz`))
    .find((path) => existsSync(path));

/** Why there is no such program here; null where there is one. */
export function whyNoBinary(name: BinaryName): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the Kubernetes programs are for linux/amd64';
  if (existsSync(cachedPath(name)) || packedPath(name) !== undefined) return null;
  return `${name} is missing: name a folder with ${name}.xz in GTHULHU_KUBE_BIN, or put it into ../shared/kube beside this repository`;
}

function unpack(packed: string, name: BinaryName, to: string): void {
  mkdirSync(cache, { recursive: true });
  process.stderr.write(`unpacking ${name} into ${cache}\n`);
  const work = `${to}.${process.pid}`;
  try {
    const out = openSync(work, 'wx', 0o755);
    const { status, stderr, error } = spawnSync('xz', ['-dc', packed], { stdio: ['ignore', out, 'pipe'] });
    // Open for writing it could not be started.
    closeSync(out);
    if (status !== 0) throw new Error(`${packed} can't be unpacked: ${error?.message ?? stderr}`, { cause: error });
    const sum = createHash('sha256').update(readFileSync(work)).digest('hex');
    if (sum !== sums().get(name))
      throw new Error(`${packed} is not the ${name} that is wanted: SHA-256 ${sum}, not ${sums().get(name)}`);
    renameSync(work, to);
  } finally {
    rmSync(work, { force: true });
  }
}

/**
 * Path of a program. What is in the cache has been checked: it gets its name there after that.
 * @throws Error when there is none, or another one than wanted
 */
export function binary(name: BinaryName): string {
  const cached = cachedPath(name);
  if (!existsSync(cached)) {
    const why = whyNoBinary(name);
    if (why !== null) throw new Error(why);
    unpack(packedPath(name) as string, name, cached);
  }
  accessSync(cached, constants.X_OK);
  return cached;
}
