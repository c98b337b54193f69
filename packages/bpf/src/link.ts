// SPDX-License-Identifier: Apache-2.0
import { type LinkHandle, native } from './addon.ts';

/** Something attached. It stays attached until detach(), the end of this thread or of the process, unless pinned. */
export interface BpfLink {
  /** throws ERR_BPF_CLOSED after detach() */
  readonly fd: number;
  /** @param path on a bpf file system; the link then outlives the process until that file is removed */
  pin(path: string): void;
  /** idempotent */
  detach(): void;
}

export function wrapLink(handle: LinkHandle): BpfLink {
  return {
    get fd() {
      return native.linkFd(handle);
    },
    pin: (path) => native.pinLink(handle, path),
    detach: () => native.close(handle),
  };
}
