// SPDX-License-Identifier: Apache-2.0
import { STRATEGY_LIMITS } from '@gthulhu/contracts';
import type { Workload } from '../workload.ts';
import type { Decision } from './decision.ts';
import { type Group, groupKey, LiveGroup, Member } from './groups.ts';
import { comparePrecedence } from './precedence.ts';
import type { ProtectedBy } from './protection.ts';
import { type Asked, type Atom, createQuestions, indexMember, unindexMember } from './questions.ts';
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
  strategies(): StrategySpec[];
  readonly workloadCount: number;
}

export function createMatcher(protectedBy: ProtectedBy = () => null): Matcher {
  const questions = createQuestions<Member>();
  const asked = new Map<string, Asked<Member>>();
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
  function holders({ facet, value }: Atom<Member>): Map<LiveGroup, Member[]> {
    if (facet.index === null) {
      facet.index = new Map();
      for (const member of memberOf.values()) indexMember([facet], member, member.workload);
    }
    const found = new Map<LiveGroup, Member[]>();
    for (const member of facet.index.get(value) ?? []) {
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
    for (const group of groups.values()) if (group.drop(strategy.spec)) changed.add(group);
    questions.forget(strategy, (atom) => mergeWithout(atom, changed));
  }

  function putIn(spec: StrategySpec, changed: Set<LiveGroup>): void {
    const strategy = questions.ask(spec, (atom) => splitBy(atom, changed));
    asked.set(spec.id, strategy);
    index(strategy);
    for (const group of groups.values()) {
      if (!group.meets(strategy)) continue;
      group.insert(spec);
      changed.add(group);
    }
  }

  function leave(uid: string): void {
    const member = memberOf.get(uid);
    if (member === undefined) return;
    memberOf.delete(uid);
    const group = member.group as LiveGroup;
    unindexMember(questions.facets(), member, member.workload);
    group.release(member);
    if (group.members.length === 0) groups.delete(group.key);
  }

  function enter(workload: Workload): void {
    const atoms = questions.answers(workload);
    const reason = protectedBy(workload);
    const key = groupKey(atoms, reason);
    let group = groups.get(key);
    if (group === undefined) {
      group = newGroup(atoms, reason);
      groups.set(key, group);
    }
    const member = new Member(workload);
    group.take(member);
    indexMember(questions.facets(), member, workload);
    memberOf.set(workload.uid, member);
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
      const work = (): void => {
        for (const id of removed) takeOut(id, changed);
        for (const spec of incoming) {
          takeOut(spec.id, changed);
          putIn(spec, changed);
        }
      };
      if (removed.size + incoming.length <= FEW) {
        work();
        return [...changed];
      }
      const members = [...memberOf.values()];
      groups.clear();
      memberOf.clear();
      for (const facet of questions.facets()) facet.index = null;
      work();
      for (const { workload } of members) enter(workload);
      return [...groups.values()];
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
    strategies: () => [...asked.values()].map(({ spec }) => spec).sort(comparePrecedence),
    get workloadCount() {
      return memberOf.size;
    },
  };
}
