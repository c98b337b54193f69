// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { STRATEGY_LIMITS } from '@gthulhu/contracts';
import type { StoreChange } from '../store/strategy-store.ts';
import { uuid7 } from '../store/uuid7.ts';
import type { NodeMatching } from '../workloads/node-matching.ts';
import { toSpec } from '../workloads/to-spec.ts';
import { ConflictError } from './conflict-error.ts';
import { checkCpuLists } from './cpu-lists.ts';
import { InputError } from './input-error.ts';
import { Published, textOfRules } from './published.ts';
import type { GivenStrategy } from './read-strategies.ts';
import { type PlainStrategy, type StrategyRecord, toStored } from './record.ts';

/** What the book keeps its strategies in. */
export interface StrategyShelf {
  load(): StrategyRecord[];
  /** Durable when it returns. @throws Error, and nothing has changed */
  apply(change: StoreChange): void;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

const fresh = (strategy: PlainStrategy, position: number, nowMs: number): StrategyRecord => ({
  id: uuid7(nowMs),
  origin: 'node',
  position,
  createdMs: nowMs,
  updatedMs: nowMs,
  strategy,
});

/** Changes when anything of the strategy does. */
export const etagOf = (record: StrategyRecord): string => `"${digest(JSON.stringify(toStored(record)))}"`;

/**
 * What the node API knows: strategies in their order, and what follows from them. Every change is stored first. Those of
 * the cluster stand beside them: they are kept by who brings them, and are changed by nobody else.
 */
export class StrategyBook {
  readonly #shelf: StrategyShelf;
  readonly #matching: NodeMatching;
  readonly #now: () => number;
  readonly #listeners = new Set<(published: Published) => void>();
  #records: readonly StrategyRecord[];
  #cluster: readonly StrategyRecord[] = [];
  #all: readonly StrategyRecord[];
  /** What the cluster's are of: `ConfigMap a/b`. */
  #clusterTitle = '';
  #published: Published;

  /** @param now milliseconds since 1970 */
  constructor(shelf: StrategyShelf, matching: NodeMatching, now: () => number = Date.now) {
    this.#shelf = shelf;
    this.#matching = matching;
    this.#now = now;
    this.#records = shelf.load();
    this.#all = this.#records;
    this.#match(this.#records, []);
    this.#published = this.#publish(null);
    matching.onChange(() => this.#changed());
  }

  /** Those that are stored here. */
  get records(): readonly StrategyRecord[] {
    return this.#records;
  }

  /** Those of the cluster. */
  get cluster(): readonly StrategyRecord[] {
    return this.#cluster;
  }

  /** Both; a new list with each change of one of them. */
  get all(): readonly StrategyRecord[] {
    return this.#all;
  }

  /** `ConfigMap a/b`; empty where none is followed. */
  get clusterTitle(): string {
    return this.#clusterTitle;
  }

  get published(): Published {
    return this.#published;
  }

  /** Called with each new state of the policies. @returns ends it */
  onChange(listener: (published: Published) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  find(id: string): StrategyRecord | undefined {
    return this.#all.find((record) => record.id === id);
  }

  /**
   * Puts a list in the place of the stored one. A strategy that stays the same keeps its id and its times. One of the
   * cluster that comes as it was answered stays where it is, and is not stored.
   * @throws InputError for an id that is not known, or stands there twice
   * @throws ConflictError for one of the cluster that comes changed
   */
  replace(list: readonly GivenStrategy[]): void {
    const given = this.#withoutCluster(list);
    const byId = new Map(this.#records.map((record) => [record.id, record]));
    const named = new Set<string>();
    for (const [index, { id }] of given.entries()) {
      if (id === undefined) continue;
      if (!byId.has(id)) throw new InputError(`strategies[${index}].id: no stored strategy is ${id}; leave it out`);
      if (named.has(id)) throw new InputError(`strategies[${index}].id: ${id} stands there twice; leave it out of one`);
      named.add(id);
    }
    const byContent = new Map<string, StrategyRecord[]>();
    for (const record of this.#records.filter(({ id }) => !named.has(id))) {
      const content = JSON.stringify(record.strategy);
      const same = byContent.get(content);
      if (same === undefined) byContent.set(content, [record]);
      else same.push(record);
    }
    const nowMs = this.#now();
    const next = given.map(({ id, strategy }, position): StrategyRecord => {
      const content = JSON.stringify(strategy);
      const old = id === undefined ? byContent.get(content)?.shift() : byId.get(id);
      if (old === undefined) return fresh(strategy, position, nowMs);
      const same = JSON.stringify(old.strategy) === content;
      if (same && old.position === position) return old;
      return same ? { ...old, position } : { ...old, position, strategy, updatedMs: nowMs };
    });
    const kept = new Set(next.map((record) => record.id));
    const removed = [...byId.keys()].filter((id) => !kept.has(id));
    const written = next.filter((record) => record !== byId.get(record.id));
    // Where one stands in the list has no say.
    const different = written.filter(({ id, strategy }) => byId.get(id)?.strategy !== strategy);
    this.#store(next, { removed, written }, different);
  }

  /** Adds one strategy, the youngest. @throws InputError when there are too many */
  add(strategy: PlainStrategy): StrategyRecord {
    const nowMs = this.#now();
    const position = (this.#records.at(-1)?.position ?? -1) + 1;
    const record = fresh(strategy, position, nowMs);
    this.#store([...this.#records, record], { written: [record], removed: [] });
    return record;
  }

  /** Changes one strategy. @returns null when there is none of that id @throws ConflictError when it is the cluster's */
  change(id: string, strategy: PlainStrategy): StrategyRecord | null {
    const old = this.find(id);
    if (old === undefined) return null;
    this.#refuseClusters(old);
    const next = { ...old, strategy, updatedMs: Math.max(this.#now(), old.updatedMs) };
    const isSame = JSON.stringify(old.strategy) === JSON.stringify(strategy);
    const changed = this.#records.map((record) => (record === old ? next : record));
    this.#store(changed, { written: [next], removed: [] }, isSame ? [] : [next]);
    return next;
  }

  /** @returns false when there is none of that id @throws ConflictError when it is the cluster's */
  remove(id: string): boolean {
    const old = this.find(id);
    if (old !== undefined) this.#refuseClusters(old);
    const rest = this.#records.filter((record) => record.id !== id);
    if (rest.length === this.#records.length) return false;
    this.#store(rest, { written: [], removed: [id] });
    return true;
  }

  /**
   * Puts those of the cluster in the place of those before. Nothing is stored.
   * @param title `ConfigMap a/b`
   * @throws InputError when there are too many with those that are stored, or too many lists of CPUs
   */
  replaceCluster(next: readonly StrategyRecord[], title: string): void {
    this.#checkRoom(this.#records.length, next.length);
    checkCpuLists([...this.#records, ...next].map(({ strategy }) => strategy));
    const kept = new Set(next.map(({ id }) => id));
    const before = new Map(this.#cluster.map((record) => [record.id, record]));
    const removed = [...before.keys()].filter((id) => !kept.has(id));
    // The id says what it says; its age may be another one.
    const different = next.filter(({ id, createdMs }) => before.get(id)?.createdMs !== createdMs);
    this.#cluster = next;
    this.#clusterTitle = title;
    this.#all = [...this.#records, ...next];
    this.#match(different, removed);
    this.#changed();
  }

  #checkRoom(stored: number, cluster: number): void {
    if (stored + cluster <= STRATEGY_LIMITS.strategies) return;
    const parts = cluster === 0 ? '' : `: ${stored} stored here and ${cluster} from the cluster`;
    throw new InputError(`strategies: more than ${STRATEGY_LIMITS.strategies}${parts}; remove some first`);
  }

  #refuseClusters({ id, origin }: StrategyRecord): void {
    if (origin !== 'cluster') return;
    throw new ConflictError(
      `strategy ${id} is of ${this.#clusterTitle}, for all nodes: change it there, or add one here that is more specific`,
    );
  }

  #withoutCluster(given: readonly GivenStrategy[]): readonly GivenStrategy[] {
    if (this.#cluster.length === 0) return given;
    const byId = new Map(this.#cluster.map((record) => [record.id, record]));
    return given.filter(({ id, strategy }) => {
      const record = id === undefined ? undefined : byId.get(id);
      if (record === undefined) return true;
      if (JSON.stringify(record.strategy) !== JSON.stringify(strategy)) this.#refuseClusters(record);
      return false;
    });
  }

  /** @param different those among the written that say something else than before */
  #store(next: readonly StrategyRecord[], change: StoreChange, different = change.written): void {
    this.#checkRoom(next.length, this.#cluster.length);
    if (different.some(({ strategy }) => strategy.cpus !== undefined))
      checkCpuLists([...next, ...this.#cluster].map(({ strategy }) => strategy));
    if (change.removed.length > 0 || change.written.length > 0) this.#shelf.apply(change);
    this.#records = next;
    this.#all = [...next, ...this.#cluster];
    this.#match(different, change.removed);
    this.#changed();
  }

  #match(written: readonly StrategyRecord[], removed: readonly string[]): void {
    const specs = written.map(toSpec);
    const put = specs.filter((spec) => spec !== null);
    // One that has become a strategy about a process number is none any more.
    const gone = written.filter((_, index) => specs[index] === null).map(({ id }) => id);
    this.#matching.changeStrategies({ put, removedIds: [...removed, ...gone] });
  }

  #publish(before: Published | null): Published {
    const { rules, leftOut } = this.#matching.rules();
    const strategies = this.#all.length;
    // Of the content, not a count: a store that was removed would begin to count anew.
    const revision = digest(`${strategies} ${textOfRules(rules)}`);
    return new Published({ revision, strategies, rules: [...rules] }, leftOut, before);
  }

  #changed(): void {
    const published = this.#publish(this.#published);
    if (published.policies.revision === this.#published.policies.revision) return;
    this.#published = published;
    for (const listener of this.#listeners) listener(published);
  }
}
