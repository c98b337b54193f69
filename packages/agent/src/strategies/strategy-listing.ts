// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import type { ApiCompat } from '@gthulhu/contracts';
import { timestamp } from '../http/route.ts';
import type { NodeProcess } from '../pods/process-table.ts';
import type { Published } from './published.ts';
import { toStored } from './record.ts';
import { schedulingRows } from './scheduling-rows.ts';
import type { StrategyBook } from './strategy-book.ts';

const RETRIEVED: Readonly<Record<ApiCompat, string>> = {
  current: 'Scheduling intents retrieved successfully',
  '2025-09': 'Scheduling strategies retrieved successfully',
};

export interface ListingParts {
  readonly book: StrategyBook;
  readonly readProcesses: () => Promise<readonly NodeProcess[]>;
  readonly compat: ApiCompat;
}

/**
 * The answer that lists all strategies. Clients poll it, and it may be large: the same bytes go to everybody who asks
 * within a second while nothing changes.
 */
export class StrategyListing {
  readonly #parts: ListingParts;
  /** What `#rows` was made of, and the text of it. */
  #made: {
    readonly records: unknown;
    readonly published: Published;
    readonly processes: unknown;
    readonly json: Promise<string>;
  } | null = null;
  #sent: { readonly json: string; readonly timestamp: string; readonly body: Buffer } | null = null;

  constructor(parts: ListingParts) {
    this.#parts = parts;
  }

  async body(): Promise<Buffer> {
    const json = await this.#json();
    const now = timestamp();
    if (this.#sent?.json !== json || this.#sent.timestamp !== now) {
      const head = `{"success":true,"message":"${RETRIEVED[this.#parts.compat]}","timestamp":"${now}",`;
      this.#sent = { json, timestamp: now, body: Buffer.from(head + json) };
    }
    return this.#sent.body;
  }

  /** Everything after the timestamp. */
  async #json(): Promise<string> {
    const { book, readProcesses } = this.#parts;
    // Where all strategies name process numbers, nobody looks at processes.
    const moving = book.all.some(({ strategy }) => strategy.pid === undefined);
    const processes = moving ? await readProcesses() : null;
    const { all: records, published } = book;
    const made = this.#made;
    if (made === null || made.records !== records || made.published !== published || made.processes !== processes) {
      const json = this.#make(records, published, processes ?? []);
      this.#made = { records, published, processes, json };
      return json;
    }
    return made.json;
  }

  async #make(
    records: StrategyBook['all'],
    { policies }: Published,
    processes: readonly NodeProcess[],
  ): Promise<string> {
    const { compat } = this.#parts;
    const rows = await schedulingRows(records, policies.rules, processes, compat);
    const scheduling = rows.length === 0 && compat === '2025-09' ? 'null' : JSON.stringify(rows);
    return `"scheduling":${scheduling},"strategies":${JSON.stringify(records.map(toStored))}}`;
  }
}
