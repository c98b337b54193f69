// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '../workload.ts';
import type { StrategySpec } from './strategy-spec.ts';

/** One thing that differs between workloads: the name, the namespace, or the value of one label. */
export interface Facet<M> {
  readonly read: (workload: Workload) => string | undefined;
  readonly atoms: Map<string, Atom<M>>;
  /**
   * Members by value; null until it is made. Kept up from then on. Most values of a large node are of one member only:
   * these need no list.
   */
  members: Map<string, M | M[]> | null;
}

/** A question that strategies ask about a workload: does this facet have this value? */
export interface Atom<M> {
  /** Never used again for another one. */
  readonly id: number;
  readonly facet: Facet<M>;
  readonly value: string;
  /** Strategies that ask it. */
  users: number;
}

export interface Asked<M> {
  readonly spec: StrategySpec;
  /** All must hold. */
  readonly all: readonly Atom<M>[];
  /** One must hold, if there are any. They are about the same facet. */
  readonly any: readonly Atom<M>[];
}

/** What all strategies together ask about workloads, and who has what they ask about. */
export interface Questions<M> {
  /** @param onNew an atom that nobody asked before, and which no group knows */
  ask(spec: StrategySpec, onNew: (atom: Atom<M>) => void): Asked<M>;
  /** @param onUnused an atom that nobody asks any more */
  forget(asked: Asked<M>, onUnused: (atom: Atom<M>) => void): void;
  /** Ids of the atoms that hold for a workload, ascending. */
  answers(workload: Workload): number[];
  /** For the indexes that there are. */
  enter(member: M): void;
  leave(member: M): void;
  /** Members for whom it holds. Where there is no index of its facet, `all` are looked at to make one. */
  holders(atom: Atom<M>, all: Iterable<M>): readonly M[];
  /**
   * Makes the next index that is missing, of what nobody has asked about yet too: a question that comes later must not
   * cost a look at every workload. @returns false when none is missing
   */
  indexNext(all: Iterable<M>): boolean;
}

function put<M>(members: Map<string, M | M[]>, value: string, member: M): void {
  const there = members.get(value);
  if (there === undefined) members.set(value, member);
  else if (Array.isArray(there)) there.push(member);
  else members.set(value, [there, member]);
}

function take<M>(members: Map<string, M | M[]>, value: string, member: M): void {
  const there = members.get(value);
  if (!Array.isArray(there)) {
    members.delete(value);
    return;
  }
  const last = there.pop() as M;
  if (last !== member) there[there.indexOf(member)] = last;
  if (there.length === 1) members.set(value, there[0]);
}

export function createQuestions<M extends { readonly workload: Workload }>(): Questions<M> {
  const facet = (read: Facet<M>['read']): Facet<M> => ({ read, atoms: new Map(), members: null });
  const names = facet((workload) => workload.name);
  const namespaces = facet((workload) => workload.namespace);
  /** Of the labels that are asked about, and of those that there is an index of. */
  const labels = new Map<string, Facet<M>>();
  /** Labels of somebody that are not among these: null when that is not known. */
  let missing: string[] | null = null;
  let nextId = 0;

  function labelFacet(key: string): Facet<M> {
    let of = labels.get(key);
    if (of === undefined) {
      of = facet((workload) => (Object.hasOwn(workload.labels, key) ? workload.labels[key] : undefined));
      labels.set(key, of);
    }
    return of;
  }

  function use(of: Facet<M>, value: string, onNew: (atom: Atom<M>) => void): Atom<M> {
    let atom = of.atoms.get(value);
    if (atom === undefined) {
      atom = { id: nextId++, facet: of, value, users: 0 };
      of.atoms.set(value, atom);
      onNew(atom);
    }
    atom.users++;
    return atom;
  }

  function indexed(of: Facet<M>, all: Iterable<M>): Map<string, M | M[]> {
    if (of.members !== null) return of.members;
    const members = new Map<string, M | M[]>();
    for (const member of all) {
      const value = of.read(member.workload);
      if (value !== undefined) put(members, value, member);
    }
    of.members = members;
    return members;
  }

  function dropUnused(key: string): void {
    const of = labels.get(key);
    if (of?.atoms.size === 0 && (of.members === null || of.members.size === 0)) labels.delete(key);
  }

  function findMissing(all: Iterable<M>): string[] {
    const keys = new Set<string>();
    for (const { workload } of all) for (const key in workload.labels) keys.add(key);
    return [...keys].filter((key) => (labels.get(key)?.members ?? null) === null);
  }

  return {
    ask: (spec, onNew) => {
      const all: Atom<M>[] = [];
      if (spec.name !== null) all.push(use(names, spec.name, onNew));
      for (const { key, value } of spec.selectors) all.push(use(labelFacet(key), value, onNew));
      return { spec, all, any: spec.namespaces.map((namespace) => use(namespaces, namespace, onNew)) };
    },
    forget: ({ spec, all, any }, onUnused) => {
      for (const atom of [...all, ...any]) {
        if (--atom.users > 0) continue;
        atom.facet.atoms.delete(atom.value);
        onUnused(atom);
      }
      for (const { key } of spec.selectors) dropUnused(key);
    },
    answers: (workload) => {
      const ids: number[] = [];
      const name = names.atoms.get(workload.name);
      if (name !== undefined) ids.push(name.id);
      const namespace = namespaces.atoms.get(workload.namespace);
      if (namespace !== undefined) ids.push(namespace.id);
      if (labels.size > 0) {
        for (const key in workload.labels) {
          const atom = labels.get(key)?.atoms.get(workload.labels[key]);
          if (atom !== undefined) ids.push(atom.id);
        }
      }
      return ids.length > 1 ? ids.sort((a, b) => a - b) : ids;
    },
    enter: (member) => {
      const { workload } = member;
      if (names.members !== null) put(names.members, workload.name, member);
      if (namespaces.members !== null) put(namespaces.members, workload.namespace, member);
      for (const key in workload.labels) {
        const of = labels.get(key);
        if (of === undefined) missing = null;
        else if (of.members !== null) put(of.members, workload.labels[key], member);
      }
    },
    leave: (member) => {
      const { workload } = member;
      if (names.members !== null) take(names.members, workload.name, member);
      if (namespaces.members !== null) take(namespaces.members, workload.namespace, member);
      if (labels.size === 0) return;
      for (const key in workload.labels) {
        const of = labels.get(key);
        if (of === undefined || of.members === null) continue;
        take(of.members, workload.labels[key], member);
        dropUnused(key);
      }
    },
    holders: ({ facet: of, value }, all) => {
      const there = indexed(of, all).get(value);
      if (there === undefined) return [];
      return Array.isArray(there) ? there : [there];
    },
    indexNext: (all) => {
      for (const of of [names, namespaces]) {
        if (of.members !== null) continue;
        indexed(of, all);
        return true;
      }
      if (missing === null) {
        // A step of its own: `all` may be gone through only once.
        missing = findMissing(all);
        return missing.length > 0;
      }
      const key = missing.pop();
      if (key === undefined) return false;
      indexed(labelFacet(key), all);
      return true;
    },
  };
}
