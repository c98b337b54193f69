// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
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
import { buildFirst, type Choice, choose } from './place.ts';

/** `kube` is apiserver, controller-manager, scheduler, kubectl and etcd in one, chosen by its first argument. */
export type BinaryName = (typeof NAMES)[number];
const NAMES = ['kube', 'kubelet', 'kwok'] as const;

const root = fileURLToPath(new URL('../../../', import.meta.url));
const builder = join(root, 'scripts/kube-programs');
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'gthulhu', 'kube');

/** SHA-256 of each unpacked program: those that the tests were written against. */
function sums(): ReadonlyMap<string, string> {
  const lines = readFileSync(new URL('programs.sums', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return new Map(lines.map((line) => [line.split(/\s+/)[1], line.split(/\s+/)[0]]));
}

const unpackedPath = (name: BinaryName): string => join(cache, `${name}-${sums().get(name)?.slice(0, 12)}`);

const present = (path: string): string | null => (existsSync(path) ? path : null);

/** Folders with `NAME.xz`, first come first served. */
const packedPath = (name: BinaryName): string | null =>
  [process.env.GTHULHU_KUBE_BIN, join(root, '../shared/kube')]
    .filter((folder) => folder !== undefined && folder !== '')
    .map((folder) => join(folder as string, `${name}.xz`))
    .find((path) => existsSync(path)) ?? null;

/** Folder with what was built here from these sources; null when nothing was. */
function builtFolder(): string | null {
  const { status, stdout, stderr, error } = spawnSync(builder, ['--built'], { encoding: 'utf8' });
  if (status === 0) return stdout.trim();
  if (status === 1 && stderr === '') return null;
  throw new Error(`${builder}: ${error?.message ?? stderr}`, { cause: error });
}

const supported = process.platform === 'linux' && process.arch === 'x64';

function choiceOf(name: BinaryName): Choice {
  if (!supported) return { kind: 'missing' };
  return choose({
    unpacked: () => present(unpackedPath(name)),
    packed: () => packedPath(name),
    built: () => {
      const folder = builtFolder();
      return folder === null ? null : join(folder, name);
    },
  });
}

/** Why there is no such program here; null where there is one. */
export function whyNoBinary(name: BinaryName): string | null {
  if (!supported) return 'the Kubernetes programs are for linux/amd64';
  if (choiceOf(name).kind !== 'missing') return null;
  return `${name} is missing: make kube-programs builds it, once; or name a folder with ${name}.xz in GTHULHU_KUBE_BIN`;
}

/**
 * Builds the programs where they are missing and all tests have to run; it takes a quarter of an hour, once. When that
 * fails it is said, and the tests that need them fail.
 */
export async function buildBinaries(): Promise<void> {
  if (!supported || !buildFirst(NAMES.map(choiceOf), Boolean(process.env.CI))) return;
  const build = spawn(builder, { stdio: ['ignore', 'ignore', 'inherit'] });
  await once(build, 'exit');
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
 * Path of a program. What was packed has been checked when it is in the cache: it gets its name there after that.
 * @throws Error when there is none, or another one than wanted
 */
export function binary(name: BinaryName): string {
  const choice = choiceOf(name);
  if (choice.kind === 'missing') throw new Error(whyNoBinary(name) ?? `${name} came just now: run the tests again`);
  const path = choice.kind === 'packed' ? unpackedPath(name) : choice.path;
  if (choice.kind === 'packed') unpack(choice.path, name, path);
  accessSync(path, constants.X_OK);
  return path;
}
