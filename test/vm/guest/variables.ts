// SPDX-License-Identifier: Apache-2.0
/** Loads the scheduler's object with a configuration in which nothing is a default, and prints what the kernel has. */
import { openGlobals, openObject } from '@gthulhu/bpf';
import { onlineVariables, parseConfig, readTopology, toKernelParams, topologyVariables } from '@gthulhu/scheduler';

const [objectPath, yaml] = process.argv.slice(2);
const params = toKernelParams(parseConfig(yaml, 'test.yaml').config);
const machine = readTopology();
const topology = { ...topologyVariables(machine), ...onlineVariables(machine) };
const object = openObject(objectPath);
for (const [name, value] of Object.entries({ ...params.rodata, ...topology })) object.setGlobal(name, value);
for (const [name, value] of Object.entries(params.ops)) object.setOpsField('gthulhu', name, value);
object.load();
function valuesOf(section: string, wanted: (name: string) => boolean): [string, number | number[]][] {
  const info = object.globals(section);
  const globals = openGlobals(info);
  return Object.entries(info.vars)
    .filter(([name]) => wanted(name))
    .map(([name, { size, elementSize }]) => {
      const count = Math.min(8, size / elementSize);
      const values = Array.from({ length: count }, (_, i) => globals.readNumber(name, i));
      return [name, count === 1 ? values[0] : values];
    });
}
const inKernel = Object.fromEntries([
  ...valuesOf('.rodata', () => true),
  ...valuesOf('.bss', (name) => Object.hasOwn(topology, name)),
]);
// What the kernel keeps of the attached operations: its own layout, looked through for the one number.
const link = object.attach('gthulhu');
const kept = new Uint32Array(new Uint8Array(object.map('gthulhu').lookup(new Uint8Array(4)) ?? []).buffer);
link.detach();
const timeoutMs = Number(params.ops.timeout_ms);
process.stdout.write(
  `${JSON.stringify({ params: params.rodata, inKernel, timeouts: [...kept].filter((word) => word === timeoutMs) })}\n`,
);
