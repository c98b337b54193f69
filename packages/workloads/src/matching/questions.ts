// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '../workload.ts';
import type { StrategySpec } from './strategy-spec.ts';

/**
 * One thing that differs between workloads: the name, the namespace, or the value of one label. Who has which value is
 * kept for all of them, asked about or not: a new question must not cost a look at every workload.
 */
export interface Facet<M> {
  readonly atoms: Map<string, Atom<M>>;
  /** Members by value. Most values of a large node are of one member only: these need no list. */
  readonly members: Map<string, M | M[]>;
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

/** What all strategies together ask about workloads, and who has what they ask about. `M` is no array. */
export interface Questions<M> {
  /** @param onNew an atom that nobody asked before, and which no group knows */
  ask(spec: StrategySpec, onNew: (atom: Atom<M>) => void): Asked<M>;
  /** @param onUnused an atom that nobody asks any more */
  forget(asked: Asked<M>, onUnused: (atom: Atom<M>) => void): void;
  /** Ids of the atoms that hold for a workload, ascending. */
  answers(workload: Workload): number[];
  /** The same for one that comes. */
  enter(member: M, workload: Workload): number[];
  leave(member: M, workload: Workload): void;
  /** Members for whom it holds. */
  holders(atom: Atom<M>): readonly M[];
}

function put<M>({ members }: Facet<M>, value: string, member: M): void {
  const there = members.get(value);
  if (there === undefined) members.set(value, member);
  else if (Array.isArray(there)) there.push(member);
  else members.set(value, [there, member]);
}

function take<M>({ members }: Facet<M>, value: string, member: M): void {
  const there = members.get(value);
  if (!Array.isArray(there)) {
    members.delete(value);
    return;
  }
  const last = there.pop() as M;
  if (last !== member) there[there.indexOf(member)] = last;
  if (there.length === 1) members.set(value, there[0]);
}

const ascending = (a: number, b: number): number => a - b;

export function createQuestions<M>(): Questions<M> {
  const facet = (): Facet<M> => ({ atoms: new Map(), members: new Map() });
  const names = facet();
  const namespaces = facet();
  const labels = new Map<string, Facet<M>>();
  let nextId = 0;

  function labelFacet(key: string): Facet<M> {
    let of = labels.get(key);
    if (of === undefined) {
      of = facet();
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

  function dropUnused(key: string): void {
    const of = labels.get(key);
    if (of?.atoms.size === 0 && of.members.size === 0) labels.delete(key);
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
      const add = (of: Facet<M> | undefined, value: string): void => {
        const atom = of?.atoms.get(value);
        if (atom !== undefined) ids.push(atom.id);
      };
      add(names, workload.name);
      add(namespaces, workload.namespace);
      for (const key in workload.labels) add(labels.get(key), workload.labels[key]);
      return ids.sort(ascending);
    },
    enter: (member, workload) => {
      const ids: number[] = [];
      const add = (of: Facet<M>, value: string): void => {
        put(of, value, member);
        if (of.atoms.size === 0) return;
        const atom = of.atoms.get(value);
        if (atom !== undefined) ids.push(atom.id);
      };
      add(names, workload.name);
      add(namespaces, workload.namespace);
      for (const key in workload.labels) add(labelFacet(key), workload.labels[key]);
      return ids.length > 1 ? ids.sort(ascending) : ids;
    },
    leave: (member, workload) => {
      take(names, workload.name, member);
      take(namespaces, workload.namespace, member);
      for (const key in workload.labels) {
        take(labelFacet(key), workload.labels[key], member);
        dropUnused(key);
      }
    },
    holders: ({ facet: { members }, value }) => {
      const there = members.get(value);
      if (there === undefined) return [];
      return Array.isArray(there) ? there : [there];
    },
  };
}
