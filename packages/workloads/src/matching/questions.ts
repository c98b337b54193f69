// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '../workload.ts';
import type { StrategySpec } from './strategy-spec.ts';

/** One thing that differs between workloads: the name, the namespace, or the value of one label. */
export interface Facet<M> {
  readonly read: (workload: Workload) => string | undefined;
  /** Members by value; made when a question comes to workloads that are already there, and kept up from then on. */
  index: Map<string, Set<M>> | null;
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

interface Values<M> {
  readonly facet: Facet<M>;
  readonly atoms: Map<string, Atom<M>>;
}

/** What all strategies together ask about workloads. `M` is what the indexes are of. */
export interface Questions<M> {
  /** @param onNew an atom that nobody asked before, and which no group knows */
  ask(spec: StrategySpec, onNew: (atom: Atom<M>) => void): Asked<M>;
  /** @param onUnused an atom that nobody asks any more */
  forget(asked: Asked<M>, onUnused: (atom: Atom<M>) => void): void;
  /** Ids of the atoms that hold for a workload, ascending. */
  answers(workload: Workload): number[];
  /** Those asked about now. */
  facets(): Iterable<Facet<M>>;
}

export function createQuestions<M>(): Questions<M> {
  const values = (read: Facet<M>['read']): Values<M> => ({ facet: { read, index: null }, atoms: new Map() });
  const names = values((workload) => workload.name);
  const namespaces = values((workload) => workload.namespace);
  const labels = new Map<string, Values<M>>();
  let nextId = 0;

  function labelValues(key: string): Values<M> {
    let of = labels.get(key);
    if (of === undefined) {
      of = values((workload) => (Object.hasOwn(workload.labels, key) ? workload.labels[key] : undefined));
      labels.set(key, of);
    }
    return of;
  }

  function use({ facet, atoms }: Values<M>, value: string, onNew: (atom: Atom<M>) => void): Atom<M> {
    let atom = atoms.get(value);
    if (atom === undefined) {
      atom = { id: nextId++, facet, value, users: 0 };
      atoms.set(value, atom);
      onNew(atom);
    }
    atom.users++;
    return atom;
  }

  function drop(of: Values<M>, atom: Atom<M>): void {
    if (of.facet !== atom.facet) return;
    of.atoms.delete(atom.value);
    if (of.atoms.size === 0) of.facet.index = null;
  }

  return {
    ask: (spec, onNew) => {
      const all: Atom<M>[] = [];
      if (spec.name !== null) all.push(use(names, spec.name, onNew));
      for (const { key, value } of spec.selectors) all.push(use(labelValues(key), value, onNew));
      return { spec, all, any: spec.namespaces.map((namespace) => use(namespaces, namespace, onNew)) };
    },
    forget: ({ spec, all, any }, onUnused) => {
      for (const atom of [...all, ...any]) {
        if (--atom.users > 0) continue;
        drop(names, atom);
        drop(namespaces, atom);
        for (const { key } of spec.selectors) {
          const of = labels.get(key);
          if (of === undefined) continue;
          drop(of, atom);
          if (of.atoms.size === 0) labels.delete(key);
        }
        onUnused(atom);
      }
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
    facets: function* () {
      if (names.atoms.size > 0) yield names.facet;
      if (namespaces.atoms.size > 0) yield namespaces.facet;
      for (const { facet } of labels.values()) yield facet;
    },
  };
}

/** Puts a member into the indexes that there are. */
export function indexMember<M>(facets: Iterable<Facet<M>>, member: M, workload: Workload): void {
  for (const { index, read } of facets) {
    if (index === null) continue;
    const value = read(workload);
    if (value === undefined) continue;
    const there = index.get(value);
    if (there === undefined) index.set(value, new Set([member]));
    else there.add(member);
  }
}

export function unindexMember<M>(facets: Iterable<Facet<M>>, member: M, workload: Workload): void {
  for (const { index, read } of facets) {
    const value = index === null ? undefined : read(workload);
    if (index === null || value === undefined) continue;
    const there = index.get(value);
    there?.delete(member);
    if (there?.size === 0) index.delete(value);
  }
}
