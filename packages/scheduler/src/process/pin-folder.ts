// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BpfError, type FolderLock, isBpfFs, lockFolder, mountBpfFs } from '@gthulhu/bpf';
import { inOrderOfRemoval, isPin } from './pins.ts';

const BPF_ROOT = '/sys/fs/bpf';

/** A bpf file system gives its root this number, and no other folder. */
const ROOT_INODE = 1;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** A folder on a bpf file system in which a scheduler is pinned. One process at a time serves it: the one with its lock. */
export class PinFolder {
  readonly path: string;
  #lock: FolderLock | null = null;
  #prepared = false;

  constructor(path: string) {
    this.path = path;
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  /**
   * Ours, the links first; empty where there is no such folder.
   * @throws Error where the folder cannot be one of pins: what is there has our names by chance
   */
  names(): string[] {
    try {
      const files = readdirSync(this.path, { withFileTypes: true }).filter((file) => !file.isDirectory());
      const fault = this.#kindFault();
      if (fault !== null)
        throw new Error(
          `${this.path} is no folder of pins (${fault}); nothing was removed; name a folder of its own below ${BPF_ROOT}`,
        );
      return inOrderOfRemoval(files.map(({ name }) => name).filter(isPin));
    } catch (error) {
      if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR') || hasCode(error, 'ERR_BPF_NOT_FOUND')) return [];
      throw error;
    }
  }

  /** Makes the folder, for its owner only. Returns true where the file system had to be mounted first. */
  prepare(): boolean {
    const mounted = this.#mountMissing();
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    if (!isBpfFs(this.path))
      throw new Error(
        `${this.path} (scheduler.pinPath) does not lie on a bpf file system; mount one there, or name a folder below ${BPF_ROOT}`,
      );
    const fault = this.#kindFault() ?? this.#ownerFault();
    if (fault !== null)
      throw new Error(`${this.path} (scheduler.pinPath) is ${fault}; name a folder of its own, with mode 700`);
    this.#prepared = true;
    return mounted;
  }

  /** Why nothing of ours can be there; null where it can. */
  #kindFault(): string | null {
    if (!isBpfFs(this.path)) return 'not on a bpf file system';
    return statSync(this.path).ino === ROOT_INODE ? 'the root of a bpf file system, where others pin too' : null;
  }

  /** Who else could have put something there; null where nobody. */
  #ownerFault(): string | null {
    const { uid, mode } = statSync(this.path);
    if (uid === process.getuid?.() && (mode & 0o077) === 0) return null;
    return `open to others (owner ${uid}, mode ${(mode & 0o7777).toString(8)})`;
  }

  #mountMissing(): boolean {
    if (dirname(this.path) !== BPF_ROOT && !this.path.startsWith(`${BPF_ROOT}/`)) return false;
    if (isBpfFs(BPF_ROOT)) return false;
    mountBpfFs(BPF_ROOT);
    return true;
  }

  /** Until the process ends, however it ends. False while another process has it. */
  lock(): boolean {
    try {
      this.#lock ??= lockFolder(this.path);
    } catch (error) {
      if (error instanceof BpfError && error.code === 'ERR_BPF_NOT_FOUND') return true;
      throw error;
    }
    return this.#lock !== null;
  }

  unlock(): void {
    this.#lock?.close();
    this.#lock = null;
  }

  remove(name: string): boolean {
    try {
      unlinkSync(this.pathOf(name));
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false;
      throw error;
    }
  }

  /**
   * Removes all that is ours; the folder stays, with its lock. Returns the names that are gone.
   * @throws Error where the folder is none of pins, or one that this process would not have pinned in
   */
  unpin(): string[] {
    const names = this.names();
    const fault = names.length === 0 || this.#prepared ? null : this.#ownerFault();
    if (fault !== null)
      throw new Error(
        `${this.path} is ${fault}, so its pins may be somebody else's; nothing was removed. Where they are ours, give it to this user with mode 700 and try again`,
      );
    return names.filter((name) => this.remove(name));
  }
}
