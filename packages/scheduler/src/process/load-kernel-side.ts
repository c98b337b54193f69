// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openObject } from '@gthulhu/bpf';
import type { KernelParams } from '../config/kernel-params.ts';
import type { Topology } from '../topology/topology.ts';
import { KernelSide, type Loaded, onlineVariables, topologyVariables } from './kernel-side.ts';
import type { PinFolder } from './pin-folder.ts';
import type { ParameterValue } from './pins.ts';

/** Name in bpf/scheduler.bpf.c. */
const OPS = 'gthulhu';

export interface LoadOptions {
  readonly objectPath: string;
  readonly params: KernelParams;
  readonly topology: Topology;
  readonly onLog: (line: string) => void;
}

/** Everything that the object is loaded with and that stays, by variable. */
export function fixedVariables({ params, topology }: LoadOptions): Record<string, ParameterValue> {
  return {
    ...params.rodata,
    ...topologyVariables(topology),
    attached_timeout_ms: Number(params.ops.timeout_ms),
  };
}

/** The same with what may change between two attachments: also what a pinned one must have been attached with. */
export function kernelVariables(options: LoadOptions): Record<string, ParameterValue> {
  return { ...fixedVariables(options), ...onlineVariables(options.topology) };
}

/** Something loaded, to be attached on the CPUs that there are now. @param pins where it is to be pinned; null: nowhere */
export function readyKernelSide(loaded: Loaded, topology: Topology, pins: PinFolder | null): KernelSide {
  const { object, fixed } = loaded;
  for (const [name, value] of Object.entries(onlineVariables(topology))) object.setGlobal(name, value);
  return new KernelSide({
    object,
    cpuIds: fixed.nr_cpu_ids as number,
    attachOps: () => object.attach(OPS),
    pins,
    loaded: pins === null ? loaded : null,
  });
}

/** Which build of the BPF object this is: the first 8 bytes of its SHA-256. */
export function readBuildId(objectPath: string): bigint {
  return createHash('sha256').update(readFileSync(objectPath)).digest().readBigUInt64BE();
}

/** Loads the object and attaches nothing yet. @param pins where it is to be pinned; null: it ends with this process */
export function loadKernelSide(options: LoadOptions, pins: PinFolder | null): KernelSide {
  const object = openObject(options.objectPath, {
    onLog: (level, line) => {
      if (level !== 'debug') options.onLog(line);
    },
  });
  try {
    const fixed = fixedVariables(options);
    for (const [name, value] of Object.entries(fixed)) object.setGlobal(name, value);
    object.setGlobal('build_id', readBuildId(options.objectPath));
    for (const [name, value] of Object.entries(options.params.ops)) object.setOpsField(OPS, name, value);
    object.load();
    return readyKernelSide({ object, fixed }, options.topology, pins);
  } catch (error) {
    object.close();
    throw error;
  }
}
