// SPDX-License-Identifier: Apache-2.0
/**
 * The probe: a task that wakes every period, does a fixed amount of work by its own CPU clock, and says how that went.
 * probe.ts NAME; each line of its input is a request, each line of its output an answer, both JSON.
 */
import { createInterface } from 'node:readline';
import { sys } from '@gthulhu/bpf';

export interface ProbeRequest {
  readonly count: number;
  readonly periodUs: number;
  readonly workUs: number;
}

export interface ProbeReport {
  readonly wakeups: number;
  /** periods left out: the probe itself was busy with something else, such as compiling its own code */
  readonly hiccups: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** periods whose work was done before the next one began */
  readonly completed: number;
  readonly missed: number;
  readonly cpuMs: number;
  readonly wallMs: number;
}

const lateness = new Float64Array(100_000);
/** CPU time beyond its work that a period takes at most, unless the runtime does something of its own. */
const HICCUP_NS = 500_000;

function work(ns: number): void {
  const end = sys.threadCpuNs() + ns;
  while (sys.threadCpuNs() < end);
}

function probe({ count, periodUs, workUs }: ProbeRequest): ProbeReport {
  const period = periodUs * 1000;
  const cpu = sys.threadCpuNs();
  const start = sys.monotonicNs();
  let due = start + period;
  let missed = 0;
  let hiccups = 0;
  for (let i = 0; i < count && hiccups < count; ) {
    const late = sys.sleepUntil(due) - due;
    const cpuAtWakeup = sys.threadCpuNs();
    work(workUs * 1000);
    const now = sys.monotonicNs();
    due += period;
    if (sys.threadCpuNs() - cpuAtWakeup > workUs * 1000 + HICCUP_NS) {
      hiccups++;
      due = now + period;
      continue;
    }
    lateness[i++] = late;
    if (now > due) {
      missed++;
      // Behind by more than a period: those are gone.
      due += Math.floor((now - due) / period) * period;
    }
  }
  const cpuMs = (sys.threadCpuNs() - cpu) / 1e6;
  const wallMs = (sys.monotonicNs() - start) / 1e6;
  const sorted = lateness.slice(0, count).sort();
  return {
    wakeups: count,
    hiccups,
    p50Us: sorted[Math.floor(count * 0.5)] / 1000,
    p99Us: sorted[Math.floor(count * 0.99)] / 1000,
    maxUs: sorted[count - 1] / 1000,
    completed: count - missed,
    missed,
    cpuMs,
    wallMs,
  };
}

process.title = process.argv[2] ?? 'probe';
// Until nothing is left to compile.
probe({ count: 2000, periodUs: 500, workUs: 50 });
process.stdout.write('{"ready":true}\n');
for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(probe(JSON.parse(line) as ProbeRequest))}\n`);
