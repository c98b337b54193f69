// SPDX-License-Identifier: Apache-2.0
import { BpfError } from '../errors.ts';

/** Collects the calls that did not end as they should. */
export class Complaints {
  readonly list: string[] = [];
  calls = 0;

  expectThrow(name: string, call: () => unknown): void {
    if (this.tolerate(name, call)) this.list.push(`${name}: nothing was thrown`);
  }

  /** True when the call returned. */
  tolerate(name: string, call: () => unknown): boolean {
    this.calls++;
    try {
      call();
      return true;
    } catch (error) {
      if (!(error instanceof BpfError)) this.list.push(`${name}: ${String(error)}`);
      else if (!/^ERR_BPF_[A-Z_]+$/.test(error.code) || error.message.length < 10)
        this.list.push(`${name}: poor error ${error.code} ${error.message}`);
      return false;
    }
  }
}
