// SPDX-License-Identifier: Apache-2.0
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HogReport, Measured, Request } from '../plan.ts';
import { kernelView, untilState } from './kernel.ts';
import { Program } from './lines.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';
import { Helper, Hog, Sleeper, type TaskOptions } from './tasks.ts';

const DETACH_LIMIT_MS = 20_000;

export type Scenario = (stage: Stage) => Promise<Measured>;

/** Starting a scheduler takes an emulated machine seconds: scenarios with equal wishes share one. */
interface Shared {
  readonly wishes: string;
  readonly scheduler: Scheduler;
}

/** What scenarios play on, one after the other: they start things here, and these end with the scenario. */
export class Stage {
  readonly cpus = cpus().length;
  request: Request;
  #shared: Shared | null = null;
  #own: Scheduler[] = [];
  #logFrom = 0;
  #ends: (() => void)[] = [];

  constructor(request: Request) {
    this.request = request;
  }

  seconds(usual: number): number {
    return this.request.seconds ?? usual;
  }

  #options(options: Partial<SchedulerOptions>): SchedulerOptions {
    return { dispatch: this.request.dispatch, object: this.request.object, ...options };
  }

  /** One of one's own, started but not yet in force: for those who expect it to fail. */
  launch(options: Partial<SchedulerOptions> = {}): Scheduler {
    const scheduler = new Scheduler(this.#options(options));
    this.#own.push(scheduler);
    return scheduler;
  }

  /** A scheduler in force with these options, which an earlier scenario may have started. */
  async scheduler(options: Partial<SchedulerOptions> = {}): Promise<Scheduler> {
    const wishes = JSON.stringify(this.#options(options));
    if (this.#shared?.wishes !== wishes || kernelView().state !== 'enabled') {
      await this.alone();
      this.#logFrom = 0;
      this.#shared = { wishes, scheduler: new Scheduler(this.#options(options)) };
      await this.#shared.scheduler.started();
      if (this.request.dispatch !== 'kernel') await this.#shared.scheduler.settled();
    }
    this.#logFrom = this.#shared.scheduler.program.lines.length;
    this.#shared.scheduler.mark();
    return this.#shared.scheduler;
  }

  /** Nothing of earlier scenarios is in force after this. */
  async alone(): Promise<void> {
    const left = this.#shared?.scheduler;
    this.#shared = null;
    await left?.stop();
    if ((await untilState('disabled', DETACH_LIMIT_MS)) === null)
      throw new Error(
        `sched_ext was still ${kernelView().state} ${DETACH_LIMIT_MS / 1000} s after its scheduler ended`,
      );
  }

  async hogs(count: number, options: TaskOptions = {}): Promise<Hog[]> {
    const hogs = Array.from({ length: count }, () => new Hog(options));
    for (const hog of hogs) this.#ends.push(() => hog.end());
    return Promise.all(hogs.map((hog) => hog.ready()));
  }

  async sleeper(options: ConstructorParameters<typeof Sleeper>[0]): Promise<Sleeper> {
    const sleeper = new Sleeper(options);
    this.#ends.push(() => sleeper.end());
    return sleeper.ready();
  }

  /** One of the C programs in guest/programs. */
  async helper<Report>(name: string, ...args: readonly string[]): Promise<Helper<Report>> {
    const helper = new Helper<Report>(name, ...args);
    this.#ends.push(() => helper.end());
    return helper.ready();
  }

  /** Any other program. */
  run(...argv: string[]): Program {
    const program = new Program(argv, { ownGroup: true });
    this.#ends.push(() => program.kill());
    return program;
  }

  atEnd(end: () => void): void {
    this.#ends.push(end);
  }

  /** What the hogs do in `seconds`; what came before does not count. */
  async measure(hogs: readonly Hog[], seconds: number): Promise<HogReport[]> {
    await Promise.all(hogs.map((hog) => hog.lap()));
    await sleep(seconds * 1000);
    return Promise.all(hogs.map((hog) => hog.lap()));
  }

  /** What the schedulers of this scenario wrote. */
  log(): string[] {
    const shared = this.#shared?.scheduler.program.lines.slice(this.#logFrom) ?? [];
    return [...shared, ...this.#own.flatMap((scheduler) => scheduler.program.lines)];
  }

  /** Ends what the scenario started. The shared scheduler stays, unless something went wrong. */
  async clear(failed: boolean): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) end();
    this.#shared?.scheduler.signal('SIGCONT');
    for (const scheduler of this.#own.splice(0)) await scheduler.stop();
    if (failed) await this.alone();
  }
}
