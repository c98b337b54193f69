// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openObject } from '@gthulhu/bpf';
import type { KernelParams } from '../config/kernel-params.ts';
import type { Topology } from '../topology/topology.ts';
import { KernelSide, topologyVariables } from './kernel-side.ts';
import type { PinFolder } from './pin-folder.ts';
import type { ParameterValue } from './pins.ts';

/** Name in bpf/scheduler.bpf.c. */
const OPS = 'gthulhu';

export interface LoadOptions {
  readonly objectPath: string;
  readonly params: KernelParams;
  /** Read after `hotplugSeq`, so that a CPU that came or went in between is noticed by the kernel. */
  readonly topology: Topology;
  readonly hotplugSeq: number;
  readonly onLog: (line: string) => void;
}

/** Everything that the object is loaded with, by variable: also what a pinned one must have been loaded with. */
export function kernelVariables({ params, topology }: LoadOptions): Record<string, ParameterValue> {
  return {
    ...params.rodata,
    ...topologyVariables(topology),
    attached_timeout_ms: Number(params.ops.timeout_ms),
  };
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
    const variables = kernelVariables(options);
    for (const [name, value] of Object.entries(variables)) object.setGlobal(name, value);
    object.setGlobal('build_id', readBuildId(options.objectPath));
    for (const [name, value] of Object.entries(options.params.ops)) object.setOpsField(OPS, name, value);
    object.setOpsField(OPS, 'hotplug_seq', options.hotplugSeq);
    object.load();
    return new KernelSide({
      object,
      cpuIds: variables.nr_cpu_ids as number,
      attachOps: () => object.attach(OPS),
      pins,
    });
  } catch (error) {
    object.close();
    throw error;
  }
}
