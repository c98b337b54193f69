// SPDX-License-Identifier: Apache-2.0
/** Tries a policy, in a thread that ends afterwards: whatever it does there, the one that decides is not touched. */
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { loadOneFileOnly } from '../policies/one-file.ts';
import { compilePolicy, instantiatePolicy, PolicyFault, textOf } from '../policies/policy-module.ts';
import { createPolicy } from '../policies/registry.ts';
import { POLICY_BUFFERS_MB } from '../process/policy-memory.ts';
import { captureOutput } from '../process/thread-output.ts';
import type { RecordedBatch } from '../trace/parse-trace.ts';
import { readLatest, readTrace } from '../trace/read-trace.ts';
import { bufferBytes, usedBufferBytes } from './buffers.ts';
import { scaleLimits } from './limits.ts';
import { replay } from './replay.ts';
import { makeReport, timing } from './report.ts';
import type { TrialMessage, TrialWorkerData } from './trial-message.ts';

/** Of a recording, the last batches. In memory they take up to 10 MB, of what a policy has. */
const LATEST = { batches: 1500, bytes: 2 * 1024 * 1024 };
/** Of a live recording, the last batches: they are what this machine does now. */
const LIVE_BATCHES = 500;
const LIVE_BYTES = 1024 * 1024;
const SIGN_EVERY_MS = 100;

const say = (message: TrialMessage): void => parentPort?.postMessage(message);

function readAll({ traces, liveTrace }: TrialWorkerData, notes: string[]): RecordedBatch[] {
  const batches: RecordedBatch[] = [];
  for (const path of traces) {
    const trace = readTrace(path, LATEST);
    if (trace.damage !== null) notes.push(trace.damage);
    if (trace.batches.length < trace.recorded)
      notes.push(`tried on the last ${trace.batches.length} of ${trace.recorded} batches of ${path}`);
    for (const batch of trace.batches) batches.push(batch);
  }
  if (liveTrace !== '') {
    try {
      for (const batch of readLatest(liveTrace, LIVE_BYTES).batches.slice(-LIVE_BATCHES)) batches.push(batch);
    } catch (error) {
      notes.push(`not tried on the live recording: ${error instanceof Error ? error.message : error}`);
    }
  }
  return batches;
}

const ms = (ns: number): string => `${(ns / 1e6).toFixed(1)} ms`;
const us = (ns: number): string => `${(ns / 1e3).toFixed(1)} us`;

/** The policy's fault, or that of a machine that had no time for it. */
class TooSlow extends PolicyFault {}

/** What a policy allocates while it decides, and drops again, is not kept. */
async function checkBuffers(file: string, before: number): Promise<void> {
  const limit = POLICY_BUFFERS_MB * 1024 * 1024;
  if (bufferBytes() - before <= limit) return;
  const kept = (await usedBufferBytes()) - before;
  if (kept > limit)
    throw new PolicyFault(
      `${file}: keeps ${Math.ceil(kept / 1024 / 1024)} MB in typed arrays and buffers; at most ${POLICY_BUFFERS_MB} MB are allowed`,
    );
}

async function run(data: TrialWorkerData): Promise<void> {
  const { source, limits } = data;
  const notes: string[] = [];
  const recorded = readAll(data, notes);
  if (recorded.length === 0)
    throw new PolicyFault(
      [`the recording holds no batches to try ${source.file} on; record longer, or name another one`, ...notes].join(
        '; ',
      ),
    );

  // Twice: the first time the code is cold. What the built-in policy takes tells how fast this machine is.
  const builtIn = createPolicy('gthulhu');
  const gthulhu = replay(builtIn, recorded, 'gthulhu');
  const usual = timing(recorded, replay(builtIn, recorded, 'gthulhu'));
  const scaled = scaleLimits(limits, usual.meanNsPerTask);
  const alive = (doing: string): void => say({ kind: 'alive', doing, silentMs: scaled.silentMs });

  alive('load');
  const module = compilePolicy(source);
  alive('load');
  data.reached[0] = 1;
  loadOneFileOnly(module);
  captureOutput({ onLine: (line) => say({ kind: 'printed', line }), linesASecond: data.linesASecond });
  const buffersBefore = bufferBytes();
  const policy = await instantiatePolicy(module);
  alive('decide');
  let told = performance.now();
  const onProgress = (): void => {
    const now = performance.now();
    if (now - told < SIGN_EVERY_MS) return;
    told = now;
    alive('decide');
  };
  const first = replay(policy, recorded, source.file, onProgress);
  const cold = timing(recorded, first);
  if (cold.worstBatchNs > scaled.worstBatchNs)
    throw new TooSlow(
      `${source.file}: decide took ${ms(cold.worstBatchNs)} for one batch; at most ${ms(scaled.worstBatchNs)} are allowed`,
    );
  const again = replay(policy, recorded, source.file, onProgress);
  const warm = timing(recorded, again);
  if (warm.meanNsPerTask > scaled.meanNsPerTask)
    throw new TooSlow(
      `${source.file}: decide takes ${us(warm.meanNsPerTask)} a task; at most ${us(scaled.meanNsPerTask)} are allowed, the built-in policy takes ${us(usual.meanNsPerTask)}`,
    );
  await checkBuffers(source.file, buffersBefore);
  // What it has begun and what fails there is told first.
  await nextTurn();
  const report = makeReport(policy.name, recorded, first, again, gthulhu);
  say({ kind: 'passed', module, report, notes });
}

// Node says that taking types out is experimental; the operator cannot do anything about it.
process.removeAllListeners('warning');
say({ kind: 'started', tid: Number(basename(readlinkSync('/proc/thread-self'))) });
// Node's own number for what waits for something that never comes.
process.exitCode = 13;
run(workerData as TrialWorkerData)
  .catch((error: unknown) => {
    say({
      kind: 'failed',
      reason: error instanceof Error ? error.message : textOf(error),
      machine: error instanceof TooSlow,
    });
  })
  .then(() => {
    process.exitCode = 0;
  });
