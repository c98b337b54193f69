// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Dispatch, LogLine, Measured } from '../plan.ts';
import { untilState } from './kernel.ts';
import { Program } from './lines.ts';

/** In the guest's memory, and root's: a policy file that others can write is refused. */
export const FOLDER = '/run/gthulhu-test';
const START_LIMIT_MS = 180_000;
const END_LIMIT_MS = 20_000;
const COUNTERS_LIMIT_MS = 10_000;
const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface SchedulerOptions {
  readonly dispatch: Dispatch;
  readonly object?: string | undefined;
  /** more keys of the section `scheduler` */
  readonly config?: Readonly<Record<string, unknown>>;
  /** other sections */
  readonly sections?: Readonly<Record<string, unknown>>;
  /** file in guest/policies, without its ending */
  readonly policy?: string;
  readonly logFormat?: 'plain' | 'json';
  /** written before it starts, by path */
  readonly files?: Readonly<Record<string, string>>;
}

/** Makes a policy of the tests one that belongs to root, as editors do: renamed over what is there. Returns its path. */
export function installPolicy(name: string, as = name): string {
  mkdirSync(FOLDER, { recursive: true });
  const path = `${FOLDER}/${as}.mjs`;
  // Stripped here: in the scheduler it would take an emulated machine seconds.
  const source = readFileSync(fileURLToPath(new URL(`policies/${name}.ts`, import.meta.url)), 'utf8');
  writeFileSync(`${path}.new`, stripTypeScriptTypes(source));
  renameSync(`${path}.new`, path);
  return path;
}

/** The others say how things are now. */
const COUNTS_UP = /^nr_(?!tasks|queued|scheduled|running|online_cpus)|runtime_ns$/;
/** Its policy thread comes round at least this often. */
const HEARD_MS = 700;

let configs = 0;

/** `gthulhu scheduler` as a user runs it. */
export class Scheduler {
  readonly program: Program;
  /** from the start of the process to `enabled`, ms */
  startMs = 0;
  #from = 0;
  #base: Readonly<Record<string, number>> = {};

  constructor(options: SchedulerOptions) {
    mkdirSync(FOLDER, { recursive: true });
    for (const [path, text] of Object.entries(options.files ?? {})) writeFileSync(path, text);
    const file = `${FOLDER}/config-${++configs}.yaml`;
    const scheduler = {
      timeoutMs: 5000,
      statsIntervalSeconds: 1,
      dispatch: options.dispatch,
      // Emulated, its threads cost a hundred times what they cost a real machine: they would leave nothing to ask with.
      opinionBudgetPercent: 20,
      ...options.config,
      ...(options.policy === undefined ? {} : { policy: installPolicy(options.policy) }),
    };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ scheduler, ...options.sections }));
    const command = process.env.GTHULHU_TEST_COMMAND?.split(' ') ?? [
      `${root}bin/gthulhu`,
      'scheduler',
      '--config',
      file,
    ];
    this.program = new Program(
      [
        ...command,
        ...(process.env.GTHULHU_TEST_COMMAND || options.logFormat === 'plain' ? [] : ['--log-format', 'json']),
      ],
      options.object === undefined ? {} : { env: { GTHULHU_SCHEDULER_OBJECT: `${root}${options.object}` } },
    );
  }

  async started(): Promise<this> {
    const enabled = untilState('enabled', START_LIMIT_MS);
    await this.program.line((line) => line.includes('scheduler started'), START_LIMIT_MS);
    const startMs = await enabled;
    if (startMs === null) throw new Error('started, but the kernel does not say enabled');
    this.startMs = startMs;
    return this;
  }

  /** Its policy thread has started too, or failed already; that takes an emulated machine seconds. */
  async settled(): Promise<void> {
    const heard = (line: string): boolean => {
      const silenceMs = /"silence_ms":(\d+)/.exec(line)?.[1];
      return line.includes('worker replaced') || (silenceMs !== undefined && Number(silenceMs) < HEARD_MS);
    };
    // Right after the start it counts as heard.
    const from = this.program.lines.length;
    await this.program.line((line) => line.includes('bss data'), START_LIMIT_MS, from);
    await this.program.line(heard, START_LIMIT_MS, Math.min(from + 1, this.program.lines.length));
  }

  /** Its log from that line on, as far as it is JSON. */
  log(from = 0): LogLine[] {
    return this.program.lines
      .slice(from)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** From now on `counters` speaks of what happens after this. */
  mark(): void {
    this.#from = this.program.lines.length;
    const last = this.#told(0).at(-1);
    this.#base = { ...last?.data, ...last?.scheduler };
  }

  #told(from: number): LogLine[] {
    return this.log(from).filter((line) => line.msg === 'bss data');
  }

  /**
   * Waits for counters that were read after this call: those of the next line may be older, when the process stood still
   * or waited for its CPU between reading and writing. They count from the last mark(), but for those that are no
   * counters (`max_*`, `silence_ms`, tasks that are there now). And how long user space was silent at most, by its own
   * lines. One that says nothing within 10 s has counted nothing and is silent for ever.
   */
  async counters(): Promise<Pick<Measured, 'counters' | 'maxSilenceMs'>> {
    try {
      for (let lines = 0; lines < 2; lines++)
        await this.program.line((line) => line.includes('bss data'), COUNTERS_LIMIT_MS, this.program.lines.length);
    } catch {
      return { counters: {}, maxSilenceMs: Number.MAX_SAFE_INTEGER };
    }
    const told = this.#told(this.#from);
    const last = told.at(-1);
    const counters: Record<string, number> = { ...last?.data, ...last?.scheduler };
    for (const name of Object.keys(counters)) if (COUNTS_UP.test(name)) counters[name] -= this.#base[name] ?? 0;
    return { counters, maxSilenceMs: Math.max(0, ...told.map((line) => line.scheduler?.silence_ms ?? 0)) };
  }

  signal(name: NodeJS.Signals): void {
    this.program.signal(name);
  }

  /** SIGTERM. Returns its exit code; null when it had to be killed. */
  async stop(): Promise<number | null> {
    if (this.program.code !== undefined) return this.program.code;
    this.signal('SIGTERM');
    const code = await Promise.race([this.program.exited, sleep(END_LIMIT_MS, undefined, { ref: false })]);
    if (this.program.code === undefined) this.signal('SIGKILL');
    return code ?? null;
  }
}
