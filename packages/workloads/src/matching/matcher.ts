// SPDX-License-Identifier: Apache-2.0
import { STRATEGY_LIMITS } from '@gthulhu/contracts';
import type { Workload } from '../workload.ts';
import type { Decision } from './decision.ts';
import { type Group, groupKey, LiveGroup, Member } from './groups.ts';
import { comparePrecedence, placeOf } from './precedence.ts';
import type { ProtectedBy } from './protection.ts';
import { type Asked, type Atom, createQuestions } from './questions.ts';
import { checkStrategies, StrategySetError, type StrategySpec } from './strategy-spec.ts';

const MAX_STRATEGIES = STRATEGY_LIMITS.strategies;
/** With more at once, grouping all workloads anew is less work than splitting and merging groups one by one. */
const FEW = 32;

export interface StrategyChange {
  readonly put?: Iterable<StrategySpec>;
  /** Each expression was compiled before by who calls, and is not again. */
  readonly regexesChecked?: boolean;
  readonly removedIds?: Iterable<string>;
}

export interface WorkloadChange {
  readonly put?: Iterable<Workload>;
  readonly removedUids?: Iterable<string>;
}

/**
 * Strategies and workloads together, kept up to date change by change. What it says depends on what is in it, never
 * on the way there. Knows nothing of time: who calls takes out what has ended.
 */
export interface Matcher {
  /** All or nothing. Returns the groups whose decision may be another. @throws StrategySetError */
  changeStrategies(change: StrategyChange): readonly Group[];
  /** One with a uid that is there takes its place. */
  changeWorkloads(change: WorkloadChange): void;
  /** Undefined for a workload that is not there. */
  decisionOf(uid: string): Decision | undefined;
  /** All that mean it, the strongest first, also where it is protected. */
  candidatesOf(uid: string): readonly StrategySpec[];
  /** Each workload is in one of them. */
  groups(): Iterable<Group>;
  /** The strongest first. */
  strategies(): StrategySpec[];
  /** Those among them that name no workload. */
  aboutAll(): StrategySpec[];
  readonly workloadCount: number;
  /**
   * Some milliseconds of work ahead: afterwards one more strategy costs the same, whatever it asks about.
   * @returns false when there is nothing left to do
   */
  prepareNext(): boolean;
}

export function createMatcher(protectedBy: ProtectedBy = () => null): Matcher {
  const questions = createQuestions<Member>();
  const asked = new Map<string, Asked<Member>>();
  /** Those asked, the strongest first. */
  let ordered: StrategySpec[] = [];
  /** Strategies by one atom that must hold for them; those that must meet one of several namespaces by each. */
  const byAtom = new Map<number, Set<Asked<Member>>>();
  const aboutAll = new Set<Asked<Member>>();
  const groups = new Map<string, LiveGroup>();
  const memberOf = new Map<string, Member>();

  const anchors = ({ all, any }: Asked<Member>): readonly Atom<Member>[] => (all.length > 0 ? all.slice(-1) : any);

  function index(strategy: Asked<Member>): void {
    if (anchors(strategy).length === 0) aboutAll.add(strategy);
    for (const { id } of anchors(strategy)) {
      const there = byAtom.get(id);
      if (there === undefined) byAtom.set(id, new Set([strategy]));
      else there.add(strategy);
    }
  }

  function unindex(strategy: Asked<Member>): void {
    aboutAll.delete(strategy);
    for (const { id } of anchors(strategy)) {
      const there = byAtom.get(id);
      there?.delete(strategy);
      if (there?.size === 0) byAtom.delete(id);
    }
  }

  function newGroup(atoms: readonly number[], reason: string | null): LiveGroup {
    const group = new LiveGroup(atoms, [], reason);
    // Those about several namespaces are found once: a workload has one namespace.
    const found = [...aboutAll];
    for (const atom of atoms)
      for (const strategy of byAtom.get(atom) ?? []) if (group.meets(strategy)) found.push(strategy);
    group.setCandidates(found.map(({ spec }) => spec).sort(comparePrecedence));
    return group;
  }

  /** Members of each group for whom the atom holds. */
  function holders(atom: Atom<Member>): Map<LiveGroup, Member[]> {
    const found = new Map<LiveGroup, Member[]>();
    for (const member of questions.holders(atom, memberOf.values())) {
      const group = member.group as LiveGroup;
      const there = found.get(group);
      if (there === undefined) found.set(group, [member]);
      else there.push(member);
    }
    return found;
  }

  function splitBy(atom: Atom<Member>, changed: Set<LiveGroup>): void {
    if (memberOf.size === 0) return;
    for (const [group, members] of holders(atom)) {
      const { key } = group;
      const yes = group.split(atom, members);
      if (yes === group) groups.delete(key);
      else if (changed.has(group)) changed.add(yes);
      groups.set(yes.key, yes);
    }
  }

  /** Groups that only this atom told apart become one: without the strategy, the matcher is as if it had never been. */
  function mergeWithout(atom: Atom<Member>, changed: Set<LiveGroup>): void {
    for (const [key, group] of [...groups]) {
      if (!group.atoms.includes(atom.id)) continue;
      groups.delete(key);
      group.setAtoms(group.atoms.filter((id) => id !== atom.id));
      const same = groups.get(group.key);
      if (same === undefined) {
        groups.set(group.key, group);
        continue;
      }
      const [from, to] = same.members.length < group.members.length ? [same, group] : [group, same];
      for (const member of from.members) to.take(member);
      if (changed.delete(from)) changed.add(to);
      groups.set(to.key, to);
    }
  }

  function takeOut(id: string, changed: Set<LiveGroup>): void {
    const strategy = asked.get(id);
    if (strategy === undefined) return;
    asked.delete(id);
    unindex(strategy);
    ordered.splice(placeOf(ordered, strategy.spec), 1);
    for (const group of groups.values()) if (group.drop(strategy.spec)) changed.add(group);
    questions.forget(strategy, (atom) => mergeWithout(atom, changed));
  }

  function putIn(spec: StrategySpec, changed: Set<LiveGroup>): void {
    const strategy = questions.ask(spec, (atom) => splitBy(atom, changed));
    asked.set(spec.id, strategy);
    index(strategy);
    ordered.splice(placeOf(ordered, spec), 0, spec);
    for (const group of groups.values()) {
      if (!group.meets(strategy)) continue;
      group.insert(spec);
      changed.add(group);
    }
  }

  /** As many that it is less work to begin anew with the groups. */
  function exchangeMany(removed: Iterable<string>, incoming: readonly StrategySpec[]): void {
    groups.clear();
    const forget = (id: string): void => {
      const strategy = asked.get(id);
      if (strategy === undefined) return;
      asked.delete(id);
      unindex(strategy);
      questions.forget(strategy, () => undefined);
    };
    for (const id of removed) forget(id);
    for (const spec of incoming) {
      forget(spec.id);
      const strategy = questions.ask(spec, () => undefined);
      asked.set(spec.id, strategy);
      index(strategy);
    }
    ordered = [...asked.values()].map(({ spec }) => spec).sort(comparePrecedence);
    for (const member of memberOf.values()) assign(member, questions.answers(member.workload));
  }

  function leave(uid: string): void {
    const member = memberOf.get(uid);
    if (member === undefined) return;
    memberOf.delete(uid);
    const group = member.group as LiveGroup;
    questions.leave(member);
    group.release(member);
    if (group.members.length === 0) groups.delete(group.key);
  }

  function assign(member: Member, atoms: readonly number[]): void {
    const reason = protectedBy(member.workload);
    const key = groupKey(atoms, reason);
    let group = groups.get(key);
    if (group === undefined) {
      group = newGroup(atoms, reason);
      groups.set(key, group);
    }
    group.take(member);
  }

  function enter(workload: Workload): void {
    const member = new Member(workload);
    memberOf.set(workload.uid, member);
    questions.enter(member);
    assign(member, questions.answers(workload));
  }

  function refuseBad(put: readonly StrategySpec[], removed: ReadonlySet<string>, regexesChecked: boolean): void {
    // Those that are in were checked when they came; only their number and ids count.
    const problems = checkStrategies(put, regexesChecked);
    const replaced = put.filter(({ id }) => asked.has(id) && !removed.has(id)).length;
    const left = asked.size - [...removed].filter((id) => asked.has(id)).length - replaced;
    if (problems.length === 0 && left + put.length > MAX_STRATEGIES)
      problems.push({
        id: put[put.length - 1].id,
        key: 'id',
        message: `would be number ${left + put.length}; at most ${MAX_STRATEGIES} strategies are allowed`,
      });
    if (problems.length > 0) throw new StrategySetError(problems);
  }

  return {
    changeStrategies: ({ put = [], removedIds = [], regexesChecked = false }) => {
      const incoming = [...put];
      const removed = new Set(removedIds);
      refuseBad(incoming, removed, regexesChecked);
      const changed = new Set<LiveGroup>();
      if (removed.size + incoming.length > FEW) {
        exchangeMany(removed, incoming);
        return [...groups.values()];
      }
      for (const id of removed) takeOut(id, changed);
      for (const spec of incoming) {
        takeOut(spec.id, changed);
        putIn(spec, changed);
      }
      return [...changed];
    },
    changeWorkloads: ({ put = [], removedUids = [] }) => {
      for (const uid of removedUids) leave(uid);
      for (const workload of put) {
        leave(workload.uid);
        enter(workload);
      }
    },
    decisionOf: (uid) => memberOf.get(uid)?.group?.decision,
    candidatesOf: (uid) => memberOf.get(uid)?.group?.candidates ?? [],
    groups: () => groups.values(),
    strategies: () => ordered.slice(),
    aboutAll: () => [...aboutAll].map(({ spec }) => spec).sort(comparePrecedence),
    get workloadCount() {
      return memberOf.size;
    },
    prepareNext: () => questions.indexNext(memberOf.values()),
  };
}
