// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BpfObject, openObject } from '../object.ts';
import { openSyscallProgram } from '../program.ts';

/** Where `make -C packages/bpf` puts the objects of test-objects/. */
export function testObject(name: string): string {
  const path = fileURLToPath(new URL(`../../build/test-objects/${name}.bpf.o`, import.meta.url));
  if (!existsSync(path)) throw new Error(`${path} is missing: run "make -C packages/bpf"`);
  return path;
}

export function loadBasics(): BpfObject {
  const object = openObject(testObject('basics'));
  object.load();
  return object;
}

export interface Produce {
  readonly n: number;
  readonly start?: number;
  /** every record whose number is a multiple of it is discarded */
  readonly discardEvery?: number;
  /** not 0: records of 8 bytes */
  readonly length?: number;
  /** BPF_RB_NO_WAKEUP 1 */
  readonly flags?: number;
}

/** A function that lets the kernel write records; returns how many it committed. */
export function producer(
  object: BpfObject,
  program: 'produce' | 'produce_small' = 'produce',
): (what: Produce) => number {
  const layout = object.layout('produce_args');
  const run = openSyscallProgram(object.programFd(program), layout);
  const ctx = new Uint8Array(layout.size);
  const view = new DataView(ctx.buffer);
  return ({ n, start = 0, discardEvery = 0, length = 0, flags = 0 }) => {
    view.setBigUint64(0, BigInt(n), true);
    for (const [i, value] of [start, discardEvery, length, flags].entries()) view.setUint32(8 + i * 4, value, true);
    return run.run(ctx);
  };
}

/** Why tests that need BPF cannot run here, or null. In CI they must run. */
export function whyNoBpf(): string | null {
  if (process.env.CI === 'true') return null;
  if (process.getuid?.() !== 0) return 'not root';
  try {
    loadBasics().close();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
