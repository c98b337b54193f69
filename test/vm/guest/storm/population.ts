// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import type { Measured } from '../../plan.ts';
import { Cgroup, ROOT_CGROUP } from '../cgroups.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Stage } from '../stage.ts';
import type { Hog, Sleeper, TaskOptions } from '../tasks.ts';

type HogReport = NonNullable<Measured['hogs']>[number];
type SleeperReport = NonNullable<Measured['sleepers']>[number];

/** A hog of a storm, which others may take the place of. */
export interface Member {
  readonly options: TaskOptions;
  hog: Hog;
  /** index in `groups` */
  group: number;
  /** Something held it up since its last report, which is no matter of the scheduler. */
  disturbed: boolean;
}

const GROUPS = 3;

/** Those to whom the faults of a storm happen. */
export class Population {
  readonly stage: Stage;
  readonly scheduler: Scheduler;
  readonly members: Member[] = [];
  readonly sleepers: Sleeper[] = [];
  readonly groups: readonly Cgroup[];

  private constructor(stage: Stage, scheduler: Scheduler) {
    this.stage = stage;
    this.scheduler = scheduler;
    const parent = new Cgroup('gthulhu-storm');
    for (const { path } of [ROOT_CGROUP, parent]) writeFileSync(`${path}/cgroup.subtree_control`, '+cpu');
    this.groups = Array.from({ length: GROUPS }, (_, at) => parent.below(`group-${at}`));
  }

  /** Two hogs a CPU and two more, one an urgent name, one the weakest there is; two that mostly sleep. */
  static async gather(stage: Stage, scheduler: Scheduler): Promise<Population> {
    const found = new Population(stage, scheduler);
    const count = 2 * stage.cpus + 2;
    for (let at = 0; at < count; at++) {
      const options = { name: `${at === 0 ? 'web' : 'hog'}-${at}`, nice: at === 1 ? 19 : 0 };
      const [hog] = await stage.hogs(1, options);
      const member: Member = { options, hog, group: at % GROUPS, disturbed: false };
      found.members.push(member);
      found.groups[member.group].take(hog.program.pid);
    }
    for (const name of ['web-sleeper', 'sleeper'])
      found.sleepers.push(await stage.sleeper({ name, periodUs: 20_000, workUs: 300 }));
    return found;
  }

  /** Tasks that want CPU time. */
  get size(): number {
    return this.members.length + this.sleepers.length;
  }

  /** Kills it. What takes its place knows nothing of what happened to it. */
  async replace(member: Member): Promise<void> {
    member.disturbed = true;
    member.hog.end();
    [member.hog] = await this.stage.hogs(1, member.options);
    this.groups[member.group].take(member.hog.program.pid);
  }

  /** What everybody did since the last time, but for those that were disturbed. */
  async lap(prefix: string): Promise<{ hogs: HogReport[]; sleepers: SleeperReport[] }> {
    const said = await Promise.all(
      this.members.map(async (member) => {
        const report = await member.hog.lap();
        const { disturbed } = member;
        member.disturbed = false;
        return disturbed ? [] : [{ ...report, name: `${prefix}: ${report.name}` }];
      }),
    );
    const sleepers = await Promise.all(this.sleepers.map((sleeper) => sleeper.lap()));
    return {
      hogs: said.flat(),
      sleepers: sleepers.map((report) => ({ ...report, name: `${prefix}: ${report.name}` })),
    };
  }
}
