// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import type { NodeRule } from '@gthulhu/contracts';
import { Program } from './lines.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const START_LIMIT_MS = 180_000;
const ANSWER_LIMIT_MS = 30_000;

/** A program that takes one line and gives one in answer. */
class Asked {
  readonly program: Program;
  #asked: Promise<unknown> = Promise.resolve();

  constructor(argv: readonly string[]) {
    this.program = new Program(argv, { stdin: 'pipe' });
  }

  async ready(): Promise<this> {
    await this.program.line((line) => line.includes('"ready"'), START_LIMIT_MS);
    return this;
  }

  ask<Answer>(line: string, isAnswer: (line: string) => boolean): Promise<Answer> {
    const next = this.#asked.then(async () => {
      const from = this.program.lines.length;
      this.program.child.stdin?.write(`${line}\n`);
      return JSON.parse(await this.program.line(isAnswer, ANSWER_LIMIT_MS, from)) as Answer;
    });
    this.#asked = next.catch(() => {});
    return next;
  }
}

/** What rule-host.ts says about a task. */
export interface Explained {
  readonly source: string;
  readonly strategyId: string | null;
  readonly priority: number | null;
  readonly sliceNs: number;
  readonly cpus: string | null;
  readonly restricted: boolean;
  readonly sinceNs: number | null;
  readonly exempt: boolean;
  readonly entryCgroup: string | null;
  readonly cgroups: readonly string[];
}

/** A scheduler that puts in force what it is told. */
export class RuleHost extends Asked {
  constructor(object = 'build/bpf/scheduler.bpf.o') {
    const host = fileURLToPath(new URL('rule-host.ts', import.meta.url));
    super([`${root}node_modules/.bin/node`, host, `${root}${object}`]);
  }

  #wish<Answer>(wish: unknown): Promise<Answer> {
    return this.ask(JSON.stringify(wish), (line) => /^\{"(task|counters|ms|error)"/.test(line));
  }

  async enforce(rules: readonly Partial<NodeRule>[]): Promise<{ ms?: number; error?: string }> {
    const whole = rules.map((rule, i) => ({
      id: `rule-${i}`,
      priority: null,
      sliceNs: 0,
      cpus: null,
      commandRegex: '',
      cgroups: null,
      ...rule,
    }));
    return this.#wish({ enforce: whole });
  }

  async explain(pid: number): Promise<Explained | null> {
    return (await this.#wish<{ task: Explained | null }>({ explain: pid })).task;
  }

  counters(): Promise<{ counters: Record<string, number>; entries: number }> {
    return this.#wish({ counters: true });
  }

  async stop(): Promise<void> {
    this.program.child.stdin?.end();
    await this.program.exited;
  }
}

export interface Birth {
  readonly pid: number;
  /** of its first instruction, since boot */
  readonly firstNs: number;
}

/** programs/births.c */
export class Births extends Asked {
  /** @param pauseUs between two wakeups of each task */
  constructor(pauseUs = 5_000) {
    super([`${root}build/vm/programs/births`, `${pauseUs}`]);
  }

  get pid(): number {
    return this.program.pid;
  }

  fork(name = '-'): Promise<Birth> {
    return this.#make(`fork ${name}`);
  }

  thread(name = '-'): Promise<Birth> {
    return this.#make(`thread ${name}`);
  }

  /** Takes another name and forks at once. */
  heir(name: string): Promise<Birth> {
    return this.#make(`heir ${name}`);
  }

  /** With the number of one that has ended. */
  as(pid: number, name: string): Promise<Birth> {
    return this.#make(`as ${name} ${pid}`);
  }

  into(folder: string, name = '-'): Promise<Birth> {
    return this.#make(`into ${name} ${folder}`);
  }

  /** Makes the cgroup, goes there and executes a program; `firstNs` is of the moment before that. */
  scope(folder: string, name = '-'): Promise<Birth> {
    return this.#make(`scope ${name} ${folder}`);
  }

  rename(name: string): Promise<Birth> {
    return this.#make(`name ${name}`);
  }

  #make(command: string): Promise<Birth> {
    return this.ask(command, (line) => line.includes('"firstNs"'));
  }
}
