// SPDX-License-Identifier: Apache-2.0

/**
 * ERR_BPF_OPEN        the object file cannot be read or is none
 * ERR_BPF_LOAD        the kernel refused maps or programs; see `verifierLog`
 * ERR_BPF_ATTACH      loaded, but could not be attached
 * ERR_BPF_MAP         a map operation failed
 * ERR_BPF_CLOSED      used after close() or detach()
 * ERR_BPF_ARGUMENT    a value of the wrong type, size or range
 * ERR_BPF_NOT_FOUND   no such name, process or kernel feature
 * ERR_BPF_PERMISSION  the kernel said EPERM
 * ERR_BPF_SYS         another system call failed
 */
export type BpfErrorCode =
  | 'ERR_BPF_OPEN'
  | 'ERR_BPF_LOAD'
  | 'ERR_BPF_ATTACH'
  | 'ERR_BPF_MAP'
  | 'ERR_BPF_CLOSED'
  | 'ERR_BPF_ARGUMENT'
  | 'ERR_BPF_NOT_FOUND'
  | 'ERR_BPF_PERMISSION'
  | 'ERR_BPF_SYS';

export interface BpfErrorDetails {
  /** positive, as in errno(3) */
  readonly errno?: number;
  /** the last 64 KiB of what the verifier wrote about the refused program */
  readonly verifierLog?: string;
  readonly cause?: unknown;
}

/** Everything that this package throws. */
export class BpfError extends Error {
  readonly code: BpfErrorCode;
  declare readonly errno?: number;
  declare readonly verifierLog?: string;

  constructor(code: BpfErrorCode, message: string, details: BpfErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BpfError';
    this.code = code;
    if (details.errno !== undefined) this.errno = details.errno;
    if (details.verifierLog !== undefined) this.verifierLog = details.verifierLog;
  }
}

/** A name for a message; what is no string can throw when it is made one. */
export function shown(name: unknown): string {
  return typeof name === 'string' ? name : `(a ${typeof name} instead of a name)`;
}
