// SPDX-License-Identifier: Apache-2.0
import type { StoredStrategy, Strategy } from '@gthulhu/contracts';

/** What a strategy says, in one form for each meaning: `priority` as a number, nothing that is empty. */
export type PlainStrategy = Omit<Strategy, 'priority'> & { readonly priority?: number };

/** A strategy with what the store knows of it. */
export interface StrategyRecord {
  readonly id: string;
  /** Place in the list: ascending, with gaps. */
  readonly position: number;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly strategy: PlainStrategy;
}

/** As it is answered. */
export const toStored = ({ id, createdMs, updatedMs, strategy }: StrategyRecord): StoredStrategy => ({
  id,
  createdAt: new Date(createdMs).toISOString(),
  updatedAt: new Date(updatedMs).toISOString(),
  ...strategy,
});
