// SPDX-License-Identifier: Apache-2.0
import { durationMs, type StoredStrategy, type Strategy } from '@gthulhu/contracts';

/** What a strategy says, in one form for each meaning: `priority` as a number, nothing that is empty. */
export type PlainStrategy = Omit<Strategy, 'priority'> & { readonly priority?: number };

/** A strategy with what the store knows of it. */
export interface StrategyRecord {
  readonly id: string;
  /** `node`: stored here. `cluster`: of the ConfigMap, and changed only there. */
  readonly origin: StoredStrategy['origin'];
  /** Place in the list: ascending, with gaps. */
  readonly position: number;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly strategy: PlainStrategy;
}

/** What bounds the life of a strategy, milliseconds; null is none. */
export function boundsOf({ expiresAt, maxDuration }: PlainStrategy) {
  return {
    expiresAtMs: expiresAt === undefined ? null : Date.parse(expiresAt),
    maxDurationMs: maxDuration === undefined ? null : durationMs(maxDuration),
  };
}

/** When it means nobody any more, milliseconds since 1970; Infinity for never. */
export function endsAtMs({ createdMs, strategy }: Pick<StrategyRecord, 'createdMs' | 'strategy'>): number {
  const { expiresAtMs, maxDurationMs } = boundsOf(strategy);
  return Math.min(expiresAtMs ?? Infinity, createdMs + (maxDurationMs ?? Infinity));
}

/** As it is answered. */
export function toStored(record: StrategyRecord): StoredStrategy {
  const { id, origin, createdMs, updatedMs, strategy } = record;
  const end = endsAtMs(record);
  return {
    id,
    origin,
    createdAt: new Date(createdMs).toISOString(),
    updatedAt: new Date(updatedMs).toISOString(),
    ...(end !== Infinity && { endsAt: new Date(end).toISOString() }),
    ...strategy,
  };
}

const has = (list: readonly unknown[] | undefined): boolean => list !== undefined && list.length > 0;

/** Whether it is about workloads: its selectors and namespaces have to be met, not the command alone. */
export const namesWorkloads = ({ selectors, namespaces }: PlainStrategy): boolean => has(selectors) || has(namespaces);
