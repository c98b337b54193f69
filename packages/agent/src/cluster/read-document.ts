// SPDX-License-Identifier: Apache-2.0
import type { Strategy } from '@gthulhu/contracts';

/** What the text of a strategies file says. */
export interface StrategyDocument {
  readonly strategies: readonly Strategy[];
  /** An error that says where in the text. @param key `strategies[3].command_regex` */
  errorAt(key: string, message: string): Promise<Error>;
}

/**
 * Reads such a text without compiling anything in it, and without holding up requests however long it is.
 * @throws Error that says where in the text
 */
export type ReadDocument = (text: string, name: string) => Promise<StrategyDocument>;
