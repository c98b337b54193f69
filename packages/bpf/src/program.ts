// SPDX-License-Identifier: Apache-2.0
import { native } from './addon.ts';
import { checkLayout, type StructLayout } from './layout.ts';

/** A SEC("syscall") program that user space runs. */
export interface SyscallProgram {
  /** Returns the program's int32. `ctx` has exactly the context's size and is overwritten with what the program left in it; without it, zeros go in. */
  run(ctx?: Uint8Array): number;
  close(): void;
}

/** Opens the program by its descriptor (duplicated). */
export function openSyscallProgram(fd: number, ctxLayout: StructLayout): SyscallProgram {
  const handle = native.openProgram(fd, checkLayout(ctxLayout).size);
  return {
    run: (ctx) => native.runProgram(handle, ctx),
    close: () => native.close(handle),
  };
}

export interface ProgInfo {
  /** cut to 15 bytes by the kernel */
  readonly name: string;
  /** BPF_PROG_TYPE_*: 26 tracing, 31 syscall */
  readonly typeId: number;
  /** the kernel's number of this program: the same for every descriptor of it */
  readonly id: number;
}

/** What the kernel says about the program behind a descriptor. */
export function progInfo(fd: number): ProgInfo {
  return native.progInfo(fd);
}

export interface ProgStats {
  /** cut to 15 bytes by the kernel */
  readonly name: string;
  readonly runCount: number;
  readonly runTimeNs: number;
}

/** Runs and time of a program, counted by the kernel while enableBpfStats() is in force. */
export function progStats(fd: number): ProgStats {
  return native.progStats(fd);
}

/** Switches the kernel's counting on until close(); costs some 20 to 30 ns for each program run. Needs CAP_SYS_ADMIN. */
export function enableBpfStats(): { close(): void } {
  const handle = native.enableStats();
  return { close: () => native.close(handle) };
}
