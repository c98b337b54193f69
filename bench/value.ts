// SPDX-License-Identifier: Apache-2.0

/** One value as the guest tells it. */
export interface Value {
  readonly name: string;
  /** measured with the scheduler in force, or with the kernel's own */
  readonly attached: boolean;
  readonly value: number;
}

export const VALUE_MARK = '@value ';
