// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { OriginSchema, success } from './node-api-answers.ts';
import { TaskExplanationSchema } from './scheduler-api.ts';

/** Answers of the node API about workloads: which there are, what comes to them, and why. */

const Text = Type.Union([Type.String(), Type.Null()]);
const Count = Type.Integer({ minimum: 0 });
const AgeOrNull = Type.Union([Type.Number({ minimum: 0 }), Type.Null()]);
const CountOrNull = Type.Union([Count, Type.Null()]);

const identity = {
  uid: Type.String({ description: 'Of the pod; else `cgroup:` and the id of its cgroup' }),
  namespace: Type.String({ description: 'Of the pod; else the nearest slice; empty when there is neither' }),
  name: Type.String(),
};

const ContainerSchema = Type.Object({
  name: Type.String(),
  id: Type.String({ description: 'As the runtime gave it; empty for what is no container' }),
  cgroupPath: Text,
  cgroupId: Text,
});

const ToldWorkloadSchema = Type.Object({
  ...identity,
  labels: Type.Record(Type.String(), Type.String()),
  qosClass: Text,
  cgroupPath: Text,
  cgroupId: Text,
  containers: Type.Array(ContainerSchema),
  strategyId: { ...Text, description: 'The strategy that comes to all its tasks, but for those of commandStrategyIds' },
  commandStrategyIds: Type.Array(Type.String(), {
    description: 'Strategies for tasks with a matching command, the strongest first',
  }),
  protectedBy: { ...Text, description: 'Why no strategy comes to it; null when it is not protected' },
  pids: Type.Optional(
    Type.Array(Type.Integer({ minimum: 1 }), { description: 'Its processes, with `processes=1`; the first 1,000' }),
  ),
});
export type ToldWorkload = Static<typeof ToldWorkloadSchema>;

export const WorkloadsAnswerSchema = success({
  data: Type.Object({
    source: Type.String({ description: 'The provider: `cgroups`, `kubernetes`, `kubelet`, or `none`' }),
    state: Type.String({ description: 'starting, ready, degraded, unsupported, stopped, or none' }),
    note: Type.String({ description: 'What is wrong and what to do; empty when nothing is' }),
    ageSeconds: { ...AgeOrNull, description: 'How old the list is: 0 while changes arrive; null where nobody can say' },
    repairs: Count,
    cgroupsLeftOut: { ...Count, description: 'Cgroups that strategies mean and the scheduler has no room for' },
    unenforcedLimits: Type.Object(
      { cpuMax: Count, cpuWeight: Count },
      { description: 'Workloads with cpu.max or cpu.weight, which the kernel does not enforce under sched_ext' },
    ),
    total: { ...Count, description: 'Workloads of this node, before the filter' },
    workloads: Type.Array(ToldWorkloadSchema),
  }),
});
export type WorkloadsAnswer = Static<typeof WorkloadsAnswerSchema>;

const LossSchema = Type.Object({
  strategyId: Type.String(),
  origin: { ...OriginSchema, description: 'Of that strategy' },
  to: Type.String({ description: 'Id of the strategy that goes before it' }),
  toOrigin: { ...OriginSchema, description: 'Of the one that goes before it' },
  because: Type.String({
    description: 'First criterion in which they differ: name, labels, namespace, command, origin, priority, ...',
  }),
});
export type ToldLoss = Static<typeof LossSchema>;

const PreviewedStrategySchema = Type.Object({
  id: Type.String({ description: 'Of the strategy; new ones have the place in what was sent: `new-0`' }),
  origin: OriginSchema,
  matched: { ...Count, description: 'Workloads that it means' },
  applies: Count,
  commands: Count,
  loses: Count,
  protected: Count,
  processes: {
    ...CountOrNull,
    description: 'For one that names no workload: processes of this node whose command it matches; else null',
  },
  protectedProcesses: { ...CountOrNull, description: 'Of them, those that it passes by for their command' },
  /** The first ones only. */
  matches: Type.Array(
    Type.Object({
      ...identity,
      outcome: Type.String({ description: 'applies, commands, loses, protected' }),
      loss: Type.Union([LossSchema, Type.Null()]),
      protectedBy: Text,
      containers: Type.Array(
        Type.Object({
          ...ContainerSchema.properties,
          threads: { ...CountOrNull, description: 'Running in it now; null when nobody can tell' },
          matchingThreads: { ...CountOrNull, description: 'Of them, those whose command the strategy matches' },
        }),
      ),
    }),
  ),
});
export type PreviewedStrategy = Static<typeof PreviewedStrategySchema>;

const InForceSchema = Type.Object({ strategyId: Text, commandStrategyIds: Type.Array(Type.String()) });

export const PreviewAnswerSchema = success({
  warnings: Type.Optional(Type.Array(Type.String())),
  data: Type.Object({
    strategies: Type.Array(PreviewedStrategySchema),
    changed: { ...Count, description: 'Workloads for which something would be different' },
    changes: Type.Array(Type.Object({ ...identity, before: InForceSchema, after: InForceSchema }), {
      description: 'The first ones',
    }),
    conflicts: Type.Array(LossSchema, {
      description: 'Strategies that say as narrowly whom they mean, and give something else',
    }),
    truncated: Type.Boolean({ description: 'Lists above end before all is told' }),
  }),
});
export type PreviewAnswer = Static<typeof PreviewAnswerSchema>;

const MatchingSchema = Type.Object({
  strategyId: Text,
  origin: Type.Union([OriginSchema, Type.Null()], { description: 'Of the strategy' }),
  priority: CountOrNull,
  sliceNs: { ...Count, unit: 'ns' },
  cpus: Text,
  commandRegex: Type.String(),
  since: { ...Text, description: 'Last change of the strategy, RFC 3339' },
  reason: Type.String({ description: 'One line for people' }),
  protectedBy: Text,
  losers: Type.Array(LossSchema, { description: 'Other strategies that mean this task, the strongest first' }),
});

const ExplanationSchema = Type.Object({
  task: Type.Object({
    pid: Type.Integer({ minimum: 1 }),
    process: Type.Integer({ minimum: 1 }),
    command: Type.String(),
    processCommand: Type.String(),
    cgroupPath: Text,
  }),
  workload: Type.Union([
    Type.Object({ ...identity, container: Text, labels: Type.Record(Type.String(), Type.String()) }),
    Type.Null(),
  ]),
  matching: MatchingSchema,
  kernel: Type.Union([TaskExplanationSchema, Type.Null()], {
    description: 'What the kernel has now, read back by the scheduler; null when nobody can tell',
  }),
  kernelSince: { ...Text, description: 'Since when the kernel has it, RFC 3339' },
  kernelMissing: Type.String({ description: 'Why there is no answer of the kernel; empty when there is' }),
  agree: Type.Union([Type.Boolean(), Type.Null()], {
    description: 'Whether the kernel has what the matching says; null when nobody can tell',
  }),
});
export type Explanation = Static<typeof ExplanationSchema>;

export const ExplanationAnswerSchema = success({ data: ExplanationSchema });
export type ExplanationAnswer = Static<typeof ExplanationAnswerSchema>;
