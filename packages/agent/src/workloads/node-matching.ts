// SPDX-License-Identifier: Apache-2.0
import {
  createMatcher,
  createRuleMaker,
  type Decision,
  decideForTask,
  endsAtMs,
  nextEndMs,
  type Protection,
  type ProviderHealth,
  protectedBy,
  type StrategySpec,
  type TaskDecision,
  type ThreadName,
  type Workload,
  type WorkloadProvider,
} from '@gthulhu/workloads';
import { inSeconds } from '../cluster/age.ts';
import { type BoundRules, boundRules } from './bound-rules.ts';
import { type Coalesced, coalesce } from './coalesce.ts';

/** Between two steps of work ahead: it takes milliseconds, and nobody waits for it. */
const PREPARE_EVERY_MS = 20;

/** setTimeout takes no longer time; then it looks again. */
const LONGEST_TIMER_MS = 3_600_000;

export interface MatchingChange {
  readonly put: readonly StrategySpec[];
  readonly removedIds: readonly string[];
}

export interface NodeMatchingOptions {
  /** Started by who calls; null where there are no workloads. */
  readonly provider: WorkloadProvider | null;
  readonly protection: Protection;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Strategies that have come to their end, by id. */
  readonly onEnded?: (ids: readonly string[]) => void;
}

export interface SourceState {
  readonly source: string;
  readonly state: ProviderHealth['state'] | 'none';
  readonly note: string;
  readonly repairs: number;
  readonly ageSeconds: number | null;
}

/** Strategies and workloads of this node together: what comes of them for the scheduler, and why. */
export class NodeMatching {
  readonly protection: Protection;
  readonly #provider: WorkloadProvider | null;
  readonly #now: () => number;
  readonly #onEnded: (ids: readonly string[]) => void;
  readonly #matcher;
  readonly #rules;
  /** Also those that have ended. */
  readonly #all = new Map<string, StrategySpec>();
  /** Of those in force the ones that end some day. */
  readonly #ending = new Map<string, StrategySpec>();
  readonly #listeners = new Set<() => void>();
  readonly #tell: Coalesced;
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | null = null;
  #preparing: NodeJS.Timeout | null = null;

  constructor({ provider, protection, now = Date.now, onEnded = () => undefined }: NodeMatchingOptions) {
    this.protection = protection;
    this.#provider = provider;
    this.#now = now;
    this.#onEnded = onEnded;
    this.#matcher = createMatcher(protectedBy(protection));
    this.#rules = createRuleMaker(this.#matcher, protection, { units: provider !== null });
    this.#tell = coalesce(() => {
      for (const listener of this.#listeners) listener();
    });
    const first = provider?.workloads() ?? [];
    this.#matcher.changeWorkloads({ put: first });
    this.#unsubscribe =
      provider?.subscribe(({ added, changed, removed }) => {
        this.#matcher.changeWorkloads({ put: [...added, ...changed], removedUids: removed.map(({ uid }) => uid) });
        this.#prepare();
        // Without strategies no rule can be different.
        if (this.#all.size > 0) this.#tell.ask();
      }) ?? (() => undefined);
    this.#prepare();
  }

  /** Whether workloads can be matched here at all. */
  get available(): boolean {
    return this.#provider !== null && this.#provider.health().state !== 'unsupported';
  }

  get source(): SourceState {
    if (this.#provider === null)
      return { source: 'none', state: 'none', note: 'workloads.source is none', repairs: 0, ageSeconds: null };
    const { state, message, repairs, ageMs } = this.#provider.health();
    return { source: this.#provider.name, state, note: message, repairs, ageSeconds: inSeconds(ageMs) };
  }

  workloads(): readonly Workload[] {
    return this.#provider?.workloads() ?? [];
  }

  strategies(): readonly StrategySpec[] {
    return [...this.#all.values()];
  }

  /** Takes effect at once, also when it is asked before the next listener is called. Expressions must have been checked. */
  changeStrategies({ put, removedIds }: MatchingChange): void {
    const nowMs = this.#now();
    for (const id of removedIds) this.#all.delete(id);
    for (const spec of put) this.#all.set(spec.id, spec);
    const ended = new Set(put.filter((spec) => endsAtMs(spec) <= nowMs).map(({ id }) => id));
    this.#matcher.changeStrategies({
      put: ended.size === 0 ? put : put.filter(({ id }) => !ended.has(id)),
      removedIds: [...removedIds, ...ended],
      regexesChecked: true,
    });
    for (const id of removedIds) this.#ending.delete(id);
    for (const spec of put) {
      if (endsAtMs(spec) < Number.POSITIVE_INFINITY && !ended.has(spec.id)) this.#ending.set(spec.id, spec);
      else this.#ending.delete(spec.id);
    }
    this.#awaitEnd();
  }

  /** What the scheduler of this node has to put in force, the strongest first. */
  rules(): BoundRules {
    return boundRules(this.#rules.rules());
  }

  decisionOf(uid: string): Decision | undefined {
    return this.#matcher.decisionOf(uid);
  }

  /** @param around workloads that the task is in, the nearest first */
  decideForTask(around: readonly Workload[], thread: ThreadName): TaskDecision {
    return decideForTask(this.#matcher, around, thread, this.protection);
  }

  /** Calls back soon after workloads or the time have changed what `rules` may answer. @returns ends it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#unsubscribe();
    this.#tell.stop();
    this.#listeners.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#preparing !== null) clearTimeout(this.#preparing);
  }

  #prepare(): void {
    this.#preparing ??= setTimeout(() => {
      this.#preparing = null;
      if (this.#matcher.prepareNext()) this.#prepare();
    }, PREPARE_EVERY_MS).unref();
  }

  #awaitEnd(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const nowMs = this.#now();
    const next = nextEndMs(this.#ending.values(), nowMs);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#end(), Math.min(LONGEST_TIMER_MS, next - nowMs));
    this.#timer.unref();
  }

  #end(): void {
    const nowMs = this.#now();
    const ended = [...this.#ending.values()].filter((spec) => endsAtMs(spec) <= nowMs);
    if (ended.length > 0) {
      const ids = ended.map(({ id }) => id);
      this.#matcher.changeStrategies({ removedIds: ids });
      for (const id of ids) this.#ending.delete(id);
      this.#onEnded(ids);
      this.#tell.ask();
    }
    this.#awaitEnd();
  }
}
