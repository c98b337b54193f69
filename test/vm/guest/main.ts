// SPDX-License-Identifier: Apache-2.0
/** Plays scenarios in the test machine: main.ts REQUESTS.json. One line with the outcome for each. */
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Measured, OUTCOME_MARK, type Outcome, type Request } from '../plan.ts';
import { KernelLog } from './kernel.ts';
import { Patience } from './patience.ts';
import * as bands from './scenarios/bands.ts';
import * as crowd from './scenarios/crowd.ts';
import * as halted from './scenarios/halted.ts';
import * as hotplug from './scenarios/hotplug.ts';
import * as inversion from './scenarios/inversion.ts';
import * as join from './scenarios/join.ts';
import * as lifecycle from './scenarios/lifecycle.ts';
import * as load from './scenarios/load.ts';
import * as mixes from './scenarios/mixes.ts';
import * as namespaces from './scenarios/namespaces.ts';
import * as nodeApi from './scenarios/node-api.ts';
import * as policies from './scenarios/policies.ts';
import * as power from './scenarios/power.ts';
import * as realtime from './scenarios/realtime.ts';
import * as silence from './scenarios/silence.ts';
import * as storm from './scenarios/storm.ts';
import * as strategies from './scenarios/strategies.ts';
import * as sysrq from './scenarios/sysrq.ts';
import * as takeover from './scenarios/takeover.ts';
import * as workloads from './scenarios/workloads.ts';
import { type Scenario, Stage } from './stage.ts';

const scenarios: Readonly<Record<string, Scenario>> = {
  ...bands,
  ...crowd,
  ...halted,
  ...hotplug,
  ...inversion,
  ...join,
  ...lifecycle,
  ...load,
  ...mixes,
  ...namespaces,
  ...nodeApi,
  ...policies,
  ...power,
  ...realtime,
  ...silence,
  ...storm,
  ...strategies,
  ...sysrq,
  ...takeover,
  ...workloads,
};
/** Of a long log its first and its last lines are told. */
const LOG_END_LINES = 300;
const LIMIT_MS = 600_000;
/** How often it is looked whether the time is over outside too. */
const LOOK_MS = 1000;

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function tooLong(): Promise<never> {
  const patience = new Patience(LIMIT_MS);
  for (let left = LIMIT_MS; !patience.isOver(); left = LOOK_MS) await sleep(left, undefined, { ref: false });
  throw new Error(`not done after ${LIMIT_MS / 1000} s`);
}

/** From one request to the next without a gap: what the kernel says while things end counts too. */
const kernelLog = new KernelLog();

async function play(stage: Stage, request: Request): Promise<Outcome> {
  kernelLog.mark();
  stage.request = request;
  const start = performance.now();
  const scenario = scenarios[request.scenario];
  let measured: Measured = {};
  let error: string | undefined;
  try {
    if (scenario === undefined) throw new Error(`no scenario is called ${request.scenario}`);
    // One that throws before it waits for anything must not leave the limit without anybody who hears of it.
    measured = await Promise.race([tooLong(), (async () => scenario(stage))()]);
  } catch (thrown) {
    error = messageOf(thrown);
  }
  const unwell = error !== undefined || kernelLog.complaints().length > 0;
  const lines = stage.log();
  const log =
    lines.length > 2 * LOG_END_LINES ? [...lines.slice(0, LOG_END_LINES), ...lines.slice(-LOG_END_LINES)] : lines;
  try {
    await stage.clear(unwell);
  } catch (thrown) {
    error ??= messageOf(thrown);
  }
  return {
    request,
    cpus: stage.cpus,
    measured,
    ...(error === undefined ? {} : { error }),
    complaints: kernelLog.complaints(),
    log,
    tookMs: Math.round(performance.now() - start),
  };
}

const requests = JSON.parse(readFileSync(process.argv[2], 'utf8')) as Request[];
const stage = new Stage(requests[0]);
for (const request of requests) {
  const outcome = await play(stage, request);
  // Written before anything else happens: an exit does not wait for what is on its way.
  await new Promise((written) => process.stdout.write(`${OUTCOME_MARK}${JSON.stringify(outcome)}\n`, written));
}
if (requests.length > 0) await stage.alone();
// Its modules stay compiled for the next start, where there is a cache.
flushCompileCache();
process.exit(0);
