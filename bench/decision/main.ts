// SPDX-License-Identifier: Apache-2.0
/**
 * Cost of a decision on this machine, ns a task: main.ts OBJECT BATCH [TRACE]. Drained, decided, encoded, and recorded
 * where TRACE names a file; prints JSON.
 */
import { openDecisions, openObject, openRing, openSyscallProgram } from '@gthulhu/bpf';
import { createPolicy, startRecorder, type TaskBatch } from '@gthulhu/scheduler';

const CAPACITY = 512;
const RECORD = [
  'enq_ns',
  'key',
  'vtime',
  'clock',
  'runtime_ns',
  'burst_ns',
  'gen',
  'slice_ns',
  'pid',
  'tgid',
  'cpu',
  'weight',
  'queue',
  'flags',
  'priority',
  'nr_waiting',
];
const DECISION = ['gen', 'key', 'slice_ns', 'pid', 'cpu', 'queue'];

const [path, batchText, trace] = process.argv.slice(2);
const batchSize = Number(batchText);
const TASKS = batchSize === 1 ? 400_000 : 2_000_000;
const object = openObject(path);
object.load();
const ring = openRing(object.map('asked').info.fd, object.layout('task_record'), RECORD, CAPACITY);
const decisions = openDecisions(
  object.programFd('take'),
  object.globals('.bss'),
  'decisions',
  object.layout('decision'),
  DECISION,
  CAPACITY,
);
const produce = openSyscallProgram(object.programFd('produce'), object.layout('produce_args'));
const policy = createPolicy('gthulhu');

const c = ring.columns;
const batch: TaskBatch & { length: number } = {
  length: 0,
  pid: c.pid,
  tgid: c.tgid,
  cpu: c.cpu,
  weight: c.weight,
  queue: c.queue,
  flags: c.flags,
  priority: c.priority,
  nrWaiting: c.nr_waiting,
  enqNs: c.enq_ns,
  key: c.key,
  vtime: c.vtime,
  clock: c.clock,
  runtimeNs: c.runtime_ns,
  burstNs: c.burst_ns,
  gen: c.gen,
  sliceNs: c.slice_ns,
};
const { gen, pid, queue, key, slice_ns: sliceNs, cpu } = decisions.columns;
const out = { key, sliceNs, cpu };
const node = { nrCpus: 8, sliceDefaultNs: 5e6, sliceMinNs: 5e5, nowNs: 0 };

// As the policy thread does it.
function decide(n: number): void {
  batch.length = n;
  for (let i = 0; i < n; i++) {
    gen[i] = batch.gen[i];
    pid[i] = batch.pid[i];
    queue[i] = batch.queue[i];
    key[i] = batch.key[i];
    sliceNs[i] = 0;
    cpu[i] = -1;
  }
  policy.decide(batch, out, node);
}

const failed = (reason: string): never => {
  throw new Error(reason);
};
const recorder =
  trace === undefined
    ? null
    : startRecorder({
        path: trace,
        maxBytes: 16 * 1024 * 1024,
        capacity: CAPACITY,
        policy: policy.name,
        onFailed: failed,
      });

const context = new Uint8Array(new Uint32Array([batchSize, 0]).buffer);
const spent = { drain: 0, decide: 0, encode: 0, record: 0 };
let tasks = 0;
while (tasks < TASKS) {
  produce.run(context);
  const t0 = process.hrtime.bigint();
  const n = ring.drain();
  const t1 = process.hrtime.bigint();
  decide(n);
  const t2 = process.hrtime.bigint();
  decisions.encode(n);
  const t3 = process.hrtime.bigint();
  if (recorder !== null) {
    recorder.record(batch, out, node);
    spent.record += Number(process.hrtime.bigint() - t3);
  }
  spent.drain += Number(t1 - t0);
  spent.decide += Number(t2 - t1);
  spent.encode += Number(t3 - t2);
  tasks += n;
}
recorder?.close();
const perTask = Object.fromEntries(Object.entries(spent).map(([name, ns]) => [name, ns / tasks]));
const total = Object.values(perTask).reduce((sum, ns) => sum + ns, 0);
process.stdout.write(`${JSON.stringify({ ...perTask, total })}\n`);
