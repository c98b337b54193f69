// SPDX-License-Identifier: Apache-2.0
import { type Static, type TSchema, Type } from 'typebox';
import { AgentSection, AuthSection } from './config-agent.ts';
import { KubernetesSection } from './config-kubernetes.ts';
import { SchedulerSection } from './config-scheduler.ts';
import { ApiSection, MonitorSection, SimpleSchedulerSection } from './config-surroundings.ts';
import { WorkloadsSection } from './config-workloads.ts';
import { type Effect, inProcess, type KeyNotes, noEffect, type Text } from './effect.ts';

const flag = (value: KeyNotes) => Type.Boolean({ default: false, ...value });

/** The configuration file of `gthulhu scheduler` and `gthulhu agent`. Every key may be left out. */
export const ConfigSchema = Type.Object(
  {
    scheduler: SchedulerSection,
    simple_scheduler: SimpleSchedulerSection,
    monitor: MonitorSection,
    debug: flag({
      effect: inProcess('lines of level `debug` are logged', '輸出 `debug` 等級的記錄'),
      description: 'Log more',
      descriptionZhTw: '輸出更多日誌',
    }),
    early_processing: flag({
      effect: inProcess(
        'only the start-up line; per-CPU kernel threads never wait for the policy',
        '只影響啟動時的日誌；每 CPU 的核心執行緒從不等待策略',
      ),
      description: 'Per-CPU kernel threads bypass the policy',
      descriptionZhTw: '每 CPU 的核心執行緒略過策略',
    }),
    builtin_idle: flag({
      effect: inProcess(
        'only the start-up line; idle CPUs are always chosen in the kernel',
        '只影響啟動時的日誌；閒置 CPU 一律由核心選擇',
      ),
      description: 'The BPF program chooses idle CPUs',
      descriptionZhTw: '由 BPF 程式選擇閒置的 CPU',
    }),
    api: ApiSection,
    agent: AgentSection,
    auth: AuthSection,
    workloads: WorkloadsSection,
    kubernetes: KubernetesSection,
  },
  { additionalProperties: false, description: 'Gthulhu', descriptionZhTw: 'Gthulhu' },
);

export type Config = Static<typeof ConfigSchema>;
export type SchedulerMode = Config['scheduler']['mode'];

/** One key or one section of the configuration. */
export interface ConfigKey {
  /** Dotted: `scheduler.slice_ns_default`. */
  readonly path: string;
  readonly section: boolean;
  readonly default: unknown;
  readonly unit: string | undefined;
  readonly description: Text;
  readonly effect: Effect;
}

type Node = TSchema & Partial<KeyNotes> & { default?: unknown; properties?: Record<string, Node> };

function* walk(node: Node, prefix: string): Generator<ConfigKey> {
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    yield {
      path,
      section: child.properties !== undefined,
      default: child.default,
      unit: child.unit,
      description: { en: child.description ?? '', 'zh-TW': child.descriptionZhTw ?? '' },
      effect: child.effect ?? noEffect,
    };
    yield* walk(child, path);
  }
}

/** Every key in the order of the schema, each section before its keys. */
export const configKeys: readonly ConfigKey[] = [...walk(ConfigSchema, '')];

function defaultsOf(node: Node): unknown {
  if (node.properties === undefined) return structuredClone(node.default);
  return Object.fromEntries(Object.entries(node.properties).map(([name, child]) => [name, defaultsOf(child)]));
}

/** What an empty file means. A fresh object each time. */
export const defaultConfig = (): Config => defaultsOf(ConfigSchema) as Config;
