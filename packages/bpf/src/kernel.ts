// SPDX-License-Identifier: Apache-2.0
import { native } from './addon.ts';

/** What the running kernel's type information (/sys/kernel/btf/vmlinux) says. Without it: ERR_BPF_NOT_FOUND. */
export interface Kernel {
  /** a direct member of a struct or union */
  btfHasField(struct: string, field: string): boolean;
  /** struct, union, enum or typedef */
  btfHasType(name: string): boolean;
  /** any function of the kernel image, kfuncs included; none of modules */
  btfHasFunc(name: string): boolean;
  /** null where the enum or the name in it does not exist */
  enumValue(enumName: string, valueName: string): bigint | null;
  possibleCpus(): number;
  /** of the shared library in use, such as "v1.4" */
  libbpfVersion(): string;
}

export const kernel: Kernel = Object.freeze({
  btfHasField: (struct: string, field: string) => native.btfHasField(struct, field),
  btfHasType: (name: string) => native.btfHasType(name),
  btfHasFunc: (name: string) => native.btfHasFunc(name),
  enumValue: (enumName: string, valueName: string) => native.enumValue(enumName, valueName),
  possibleCpus: () => native.possibleCpus(),
  libbpfVersion: () => native.libbpfVersion(),
});
