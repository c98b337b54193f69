// SPDX-License-Identifier: Apache-2.0
/** Loads the scheduler's object with a configuration in which nothing is a default, and prints what the kernel has. */
import { openGlobals, openObject } from '@gthulhu/bpf';
import { parseConfig, readTopology, toKernelParams, topologyVariables } from '@gthulhu/scheduler';

const [objectPath, yaml] = process.argv.slice(2);
const params = toKernelParams(parseConfig(yaml, 'test.yaml').config);
const topology = topologyVariables(readTopology());
const object = openObject(objectPath);
for (const [name, value] of Object.entries({ ...params.rodata, ...topology })) object.setGlobal(name, value);
for (const [name, value] of Object.entries(params.ops)) object.setOpsField('gthulhu', name, value);
object.load();
const info = object.globals('.rodata');
const globals = openGlobals(info);
const inKernel = Object.fromEntries(
  Object.keys(info.vars).map((name) => {
    const { size, elementSize } = info.vars[name];
    const count = Math.min(8, size / elementSize);
    const values = Array.from({ length: count }, (_, i) => globals.readNumber(name, i));
    return [name, count === 1 ? values[0] : values];
  }),
);
// What the kernel keeps of the attached operations: its own layout, looked through for the one number.
const link = object.attach('gthulhu');
const kept = new Uint32Array(new Uint8Array(object.map('gthulhu').lookup(new Uint8Array(4)) ?? []).buffer);
link.detach();
const timeoutMs = Number(params.ops.timeout_ms);
process.stdout.write(
  `${JSON.stringify({ params: params.rodata, inKernel, timeouts: [...kept].filter((word) => word === timeoutMs) })}\n`,
);
