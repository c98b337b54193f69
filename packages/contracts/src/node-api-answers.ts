// SPDX-License-Identifier: Apache-2.0
import { type Static, type TSchema, Type } from 'typebox';
import { BssCountersSchema } from './bss-counters.ts';
import { SelectorSchema, StrategySchema } from './strategy.ts';

/** Answers of the node API. Fields that a generation of clients does not know are ignored by it. */

const Timestamp = Type.String({ description: 'RFC 3339, UTC, whole seconds' });

export const success = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object({ success: Type.Literal(true), message: Type.String(), timestamp: Timestamp, ...properties });

export const ErrorAnswerSchema = Type.Object({
  success: Type.Literal(false),
  error: Type.String({ description: 'What happened, to what, and what to do' }),
});
export type ErrorAnswer = Static<typeof ErrorAnswerSchema>;

/** RFC 9457; `success` and `error` are there for clients that look for them everywhere. */
export const ProblemSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String(),
  success: Type.Literal(false),
  error: Type.String(),
});
export type Problem = Static<typeof ProblemSchema>;

/**
 * Where a strategy is from. `node`: sent to this node's API and stored there. `cluster`: from the ConfigMap that
 * `kubernetes.strategies` names, and changed only there.
 */
export const OriginSchema = Type.Enum(['node', 'cluster'], {
  description: 'node: stored here. cluster: from the ConfigMap, and changed only there',
});

/** A strategy in the store: as it was sent, with what the server knows of it. */
export const StoredStrategySchema = Type.Object(
  {
    id: Type.String({
      format: 'uuid',
      description: 'UUIDv7, made by the server; for one of the cluster UUIDv8, the same on every node',
    }),
    origin: OriginSchema,
    createdAt: Type.String({ format: 'date-time' }),
    updatedAt: Type.String({ format: 'date-time' }),
    endsAt: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'The earlier of expiresAt and maxDuration: once it is past, the strategy means nobody',
      }),
    ),
    ...StrategySchema.properties,
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 20 })),
  },
  { additionalProperties: false },
);
export type StoredStrategy = Static<typeof StoredStrategySchema>;

/** A row for schedulers of 2025 and 2026: a process number and what it gets. */
export const SchedulingRowSchema = Type.Object(
  {
    priority: Type.Union([Type.Integer({ minimum: 0, maximum: 20 }), Type.Boolean()], {
      description: 'A boolean with api.compat 2025-09',
    }),
    execution_time: Type.Integer({ minimum: 0, unit: 'ns' }),
    pid: Type.Integer({ minimum: 1 }),
    selectors: Type.Optional(Type.Array(SelectorSchema)),
    command_regex: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type SchedulingRow = Static<typeof SchedulingRowSchema>;

export const StrategiesAnswerSchema = success({
  scheduling: Type.Union([Type.Array(SchedulingRowSchema), Type.Null()], {
    description:
      'One row for each process that a strategy means, for older schedulers; null for none with api.compat 2025-09',
  }),
  strategies: Type.Array(StoredStrategySchema, {
    description: 'What is stored, in its order; then what is from the cluster',
  }),
});
export type StrategiesAnswer = Static<typeof StrategiesAnswerSchema>;

export const StrategiesSavedSchema = success({
  warnings: Type.Optional(
    Type.Array(Type.String(), { description: 'What was stored and will not do what its author may expect' }),
  ),
  data: Type.Object({
    revision: Type.String({ description: 'Of the policies, as in GET /api/v1/scheduling/policies' }),
    strategies: Type.Integer({ minimum: 0 }),
  }),
});
export type StrategiesSaved = Static<typeof StrategiesSavedSchema>;

export const StrategyAnswerSchema = success({
  data: StoredStrategySchema,
  warnings: Type.Optional(Type.Array(Type.String())),
});
export type StrategyAnswer = Static<typeof StrategyAnswerSchema>;

export const PlainAnswerSchema = success({});
export type PlainAnswer = Static<typeof PlainAnswerSchema>;

/** Before the first POST there is an answer without `data`, and `success` is false. */
export const MetricsAnswerSchema = Type.Union([
  success({ data: BssCountersSchema, metrics_timestamp: Timestamp }),
  Type.Object({ success: Type.Literal(false), message: Type.String(), timestamp: Timestamp }),
]);
export type MetricsAnswer = Static<typeof MetricsAnswerSchema>;

export const PodProcessSchema = Type.Object({
  pid: Type.Integer({ minimum: 1 }),
  command: Type.String({ description: 'As the kernel keeps it: 15 bytes' }),
  ppid: Type.Optional(Type.Integer({ minimum: 0 })),
  container_id: Type.Optional(Type.String()),
  threads: Type.Optional(Type.Array(Type.Integer({ minimum: 1 }), { description: 'Thread ids, the first one too' })),
});

export const PodPidsSchema = Type.Object({
  pod_name: Type.String({ description: 'Empty where no Kubernetes API is asked' }),
  namespace: Type.String({ description: 'Empty where no Kubernetes API is asked' }),
  pod_uid: Type.String(),
  container_id: Type.Optional(Type.String({ description: "The first container's" })),
  processes: Type.Array(PodProcessSchema),
});
export type PodPids = Static<typeof PodPidsSchema>;

/** `pods` stands twice: clients of 2025 look at top level, those of 2026 under `data`. */
export const PodsAnswerSchema = success({
  pods: Type.Union([Type.Array(PodPidsSchema), Type.Null()]),
  data: Type.Object({
    pods: Type.Array(PodPidsSchema),
    timestamp: Timestamp,
    node_name: Type.String(),
  }),
});
export type PodsAnswer = Static<typeof PodsAnswerSchema>;

const AgeSeconds = Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
  description: 'How old what is in force is: 0 while changes arrive as they happen; null where nobody can say',
  unit: 's',
});

/** Strategies from the cluster, and whether they are those of now. */
const ClusterStateSchema = Type.Object({
  configMap: Type.String({ description: 'NAMESPACE/NAME' }),
  key: Type.String(),
  state: Type.Enum(['waiting', 'absent', 'applied', 'refused'], {
    description:
      'waiting: not heard yet. absent: there is none. applied: in force. refused: it cannot be used, and the last good one is in force',
  }),
  inForce: Type.Union([Type.Enum(['cluster', 'disk']), Type.Null()], {
    description: 'Where the text in force is from: disk is what was kept over a restart; null is none in force',
  }),
  resourceVersion: Type.Union([Type.String(), Type.Null()], { description: 'That state speaks of' }),
  strategies: Type.Integer({ minimum: 0, description: 'In force' }),
  note: Type.String({ description: 'What is wrong; empty when nothing is' }),
  ageSeconds: AgeSeconds,
});
export type ClusterState = Static<typeof ClusterStateSchema>;

/** `status` is about the agent alone: it answers, and what is in force is in force however old it is. */
export const HealthAnswerSchema = Type.Object({
  status: Type.Literal('healthy'),
  timestamp: Timestamp,
  service: Type.String(),
  workloads: Type.Object({
    source: Type.String({ description: 'cgroups, kubernetes, kubelet, or none' }),
    state: Type.String({ description: 'starting, ready, degraded, unsupported, stopped, or none' }),
    note: Type.String({ description: 'What is wrong and what to do; empty when nothing is' }),
    ageSeconds: AgeSeconds,
  }),
  clusterStrategies: Type.Union([ClusterStateSchema, Type.Null()], { description: 'Null where none are asked for' }),
});
export type HealthAnswer = Static<typeof HealthAnswerSchema>;

export const VersionAnswerSchema = Type.Object({
  message: Type.String(),
  version: Type.String(),
  endpoints: Type.String(),
});
