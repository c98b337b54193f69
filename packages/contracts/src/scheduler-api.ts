// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';

/** What the scheduler answers on its socket in the state folder (STATE_FILES.schedulerSocket), to root alone. */
export const SCHEDULER_API_PATHS = {
  /** `?pid=`: of a process or thread, as the node's /proc has it. 404 where there is none. */
  explain: '/v1/explain',
} as const;

const nullable = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Integer>>(schema: T) =>
  Type.Union([schema, Type.Null()]);

/** What applies to one task, read back from the kernel. */
export const TaskExplanationSchema = Type.Object(
  {
    pid: Type.Integer({ minimum: 1 }),
    tgid: Type.Integer({ minimum: 1, description: 'Its process' }),
    startUs: Type.Integer({ minimum: 0, unit: 'us', description: 'Boot time of its creation' }),
    source: Type.Union([Type.Literal('none'), Type.Literal('task'), Type.Literal('cgroup')], {
      description: 'From where: a strategy for its command (task), one for its cgroups, or none',
    }),
    strategy: Type.Integer({ minimum: 0, description: 'Number of the strategy in the kernel; 0 is none' }),
    strategyId: nullable(
      Type.String({ description: 'Null for none, and for one that an earlier process put in force' }),
    ),
    priority: nullable(Type.Integer({ minimum: 0, maximum: 20 })),
    sliceNs: Type.Integer({ minimum: 0, unit: 'ns', description: '0 is no change' }),
    cpus: nullable(Type.String({ description: 'CPUs that the strategy names, Linux list format' })),
    restricted: Type.Boolean({ description: 'It is kept off CPUs that its affinity has' }),
    sinceNs: nullable(Type.Integer({ unit: 'ns', description: 'Since boot; null: from its next turn on' })),
    exempt: Type.Boolean({ description: 'Kernel threads and the scheduler itself take no strategy' }),
    entryCgroup: nullable(Type.String({ description: 'Id of the cgroup that the strategy came by' })),
    cgroups: Type.Array(Type.String(), { description: 'Ids of its cgroups, its own first' }),
  },
  { additionalProperties: false },
);
export type TaskExplanation = Static<typeof TaskExplanationSchema>;
