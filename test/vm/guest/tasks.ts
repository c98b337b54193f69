// SPDX-License-Identifier: Apache-2.0
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { HogReport, SleeperReport } from '../plan.ts';
import { Program } from './lines.ts';

const programs = fileURLToPath(new URL('../../../build/vm/programs/', import.meta.url));

/** A task that hears nothing for so long counts as starved. */
const STARVED_MS = 60_000;

export interface TaskOptions {
  readonly name?: string;
  readonly nice?: number;
  /** CPUs it may use, as taskset writes them */
  readonly cpus?: string;
  /** words before the command, a program that execs the rest of them: `chrt -f 10` */
  readonly prefix?: readonly string[];
  /** another name for the interpreter, so that exec itself carries the name */
  readonly interpreter?: string;
}

function argvOf(script: string, options: TaskOptions, rest: readonly string[]): string[] {
  return [
    ...(options.prefix ?? []),
    ...(options.cpus === undefined ? [] : ['taskset', '-c', options.cpus]),
    options.interpreter ?? 'perl',
    fileURLToPath(new URL(script, import.meta.url)),
    ...rest,
  ];
}

abstract class Task<Report> {
  readonly name: string;
  readonly program: Program;

  readonly #nice: number | undefined;

  constructor(name: string, argv: readonly string[], nice: number | undefined) {
    this.name = name;
    this.#nice = nice;
    this.program = new Program(argv);
  }

  async ready(): Promise<this> {
    await this.program.line((line) => line.includes('"ready"'), STARVED_MS);
    if (this.#nice !== undefined) setPriority(this.program.pid, this.#nice);
    return this;
  }

  /** What it did since the last lap. `pid`: of a child that it forked. */
  async lap(pid = this.program.pid): Promise<Report & { name: string }> {
    const from = this.program.lines.length;
    process.kill(pid, 'SIGUSR1');
    const line = await this.program.line(
      (text) => {
        if (text.includes('"ready"')) return false;
        const said: unknown = JSON.parse(text).pid;
        return said === undefined || said === pid;
      },
      STARVED_MS,
      from,
    );
    return { ...(JSON.parse(line) as Report), name: this.name };
  }

  end(): void {
    this.program.signal('SIGKILL');
  }
}

/** One of the C programs in guest/programs. */
export class Helper<Report> extends Task<Report> {
  constructor(name: string, ...rest: readonly string[]) {
    super(name, [programs + name, ...rest], undefined);
  }
}

/** Never sleeps. */
export class Hog extends Task<Omit<HogReport, 'name'>> {
  constructor(options: TaskOptions = {}) {
    const name = options.name ?? 'hog';
    super(name, argvOf('hog.pl', options, [name]), options.nice);
  }
}

/** Wakes every `periodUs`, works `workUs`. With an `interpreter` it keeps the name that exec gave it. */
export class Sleeper extends Task<Omit<SleeperReport, 'name'>> {
  constructor(options: TaskOptions & { readonly periodUs: number; readonly workUs: number }) {
    const name = options.name ?? 'sleeper';
    const own = options.interpreter === undefined ? name : '';
    super(name, argvOf('sleeper.pl', options, [own, String(options.periodUs), String(options.workUs)]), options.nice);
  }

  /** Makes it fork a child that goes on the same way. Returns the child's pid, for lap(). */
  async fork(): Promise<number> {
    const from = this.program.lines.length;
    this.program.signal('SIGUSR2');
    const line = await this.program.line((text) => text.includes('"ready"'), STARVED_MS, from);
    return Number(JSON.parse(line).pid);
  }
}
