// SPDX-License-Identifier: Apache-2.0
/** For a machine whose kernel has sched_ext: fits, loads, attaches and detaches the smallest scheduler; prints what it saw as JSON. */
import { readFileSync } from 'node:fs';
import { BpfError, kernel, openGlobals, openObject, sys } from '../index.ts';
import { testObject } from './test-objects.ts';

function state(file: string): string {
  return readFileSync(`/sys/kernel/sched_ext/${file}`, 'utf8').trim();
}

function reached(wanted: string): boolean {
  for (let i = 0; i < 200 && state('state') !== wanted; i++) sys.sleepUntil(sys.monotonicNs() + 50e6);
  return state('state') === wanted;
}

function codeOf(call: () => unknown): string {
  try {
    call();
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof BpfError ? `${error.code} ${error.errno} ${error.message}` : String(error);
  }
}

const object = openObject(testObject('sched'));
object.setOpsField('test_ops', 'timeout_ms', 7000);
object.setOpsField('test_ops', 'name', 'renamed_by_test');
const { nulledOps } = object.load();
const link = object.attach('test_ops');
const enabled = reached('enabled');
const name = state('root/ops');
const second = openObject(testObject('sched'));
second.load();
const busy = codeOf(() => second.attach('test_ops'));
const bss = openGlobals(object.globals('.bss'));
sys.sleepUntil(sys.monotonicNs() + 200e6);
const ran = bss.readNumber('ran');
link.detach();
const disabled = reached('disabled');
const bandwidth = kernel.btfHasField('sched_ext_ops', 'cgroup_set_bandwidth');
process.stdout.write(`${JSON.stringify({ nulledOps, enabled, name, busy, ran, disabled, bandwidth })}\n`);
