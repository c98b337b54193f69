// SPDX-License-Identifier: Apache-2.0
import { type Handle, native } from './addon.ts';
import { type BpfLink, wrapLink } from './link.ts';

/** What has a name on a bpf file system lives on without a process, until that name is removed as any file is. */
export type PinKind = 'map' | 'prog' | 'link';

/** Something that was opened by its name on a bpf file system. */
export interface Pin {
  readonly kind: PinKind;
  /** valid until close(); openMap(), openRing() and openSyscallProgram() take duplicates */
  readonly fd: number;
  /** Idempotent. The name stays. */
  close(): void;
}

/** @param path on a bpf file system, not there yet; names must not contain a dot. Throws ERR_BPF_SYS. */
export function pin(fd: number, path: string): void {
  native.pinFd(fd, path);
}

/** Throws ERR_BPF_NOT_FOUND where nothing has this name, ERR_BPF_SYS where the file system is of another kind. */
export function openPin(path: string): Pin {
  const { handle, kind, fd } = native.openPin(path);
  return { kind, fd, close: () => native.close(handle) };
}

/** Attaches a tp_btf program by any descriptor of it, to the target that it was loaded for. */
export function attachTracing(progFd: number): BpfLink {
  return wrapLink(native.attachTracing(progFd));
}

/** Whether the path lies on a bpf file system. Throws ERR_BPF_NOT_FOUND where it does not exist. */
export function isBpfFs(path: string): boolean {
  return native.isBpfFs(path);
}

/** Mounts a bpf file system on a folder, for everybody who shares this mount namespace. Needs CAP_SYS_ADMIN. */
export function mountBpfFs(path: string): void {
  native.mountBpfFs(path);
}

export interface FolderLock {
  /** idempotent */
  close(): void;
}

/**
 * The one lock of a folder, on any file system; null while another process has it. It ends with the process that holds
 * it, however that ends.
 */
export function lockFolder(path: string): FolderLock | null {
  const handle: Handle<'lock'> | null = native.lockFolder(path);
  return handle && { close: () => native.close(handle) };
}
