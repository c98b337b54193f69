// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '../workload.ts';
import type { Asked, Atom } from './groups.ts';
import type { StrategySpec } from './strategy-spec.ts';

/** What all strategies together ask about workloads. */
export interface Questions {
  /** @param onNew an atom that nobody asked before, and which no group knows */
  ask(spec: StrategySpec, onNew: (atom: Atom) => void): Asked;
  /** @param onUnused an atom that nobody asks any more */
  forget(asked: Asked, onUnused: (atom: Atom) => void): void;
  /** Ids of the atoms that hold for a workload, ascending. */
  answers(workload: Workload): number[];
}

export function createQuestions(): Questions {
  const names = new Map<string, Atom>();
  const namespaces = new Map<string, Atom>();
  const labels = new Map<string, Map<string, Atom>>();
  const owners = new Map<Atom, () => void>();
  let nextId = 0;

  function use(
    map: Map<string, Atom>,
    text: string,
    holds: Atom['holds'],
    onNew: (atom: Atom) => void,
    onGone: () => void = () => undefined,
  ): Atom {
    let atom = map.get(text);
    if (atom === undefined) {
      atom = { id: nextId++, users: 0, holds };
      map.set(text, atom);
      owners.set(atom, () => {
        map.delete(text);
        onGone();
      });
      onNew(atom);
    }
    atom.users++;
    return atom;
  }

  function useLabel(key: string, value: string, onNew: (atom: Atom) => void): Atom {
    let values = labels.get(key);
    if (values === undefined) {
      values = new Map();
      labels.set(key, values);
    }
    const own = values;
    const holds = (workload: Workload): boolean =>
      workload.labels[key] === value && Object.hasOwn(workload.labels, key);
    return use(own, value, holds, onNew, () => {
      if (own.size === 0) labels.delete(key);
    });
  }

  return {
    ask: (spec, onNew) => {
      const all: Atom[] = [];
      const { name } = spec;
      if (name !== null) all.push(use(names, name, (workload) => workload.name === name, onNew));
      for (const { key, value } of spec.selectors) all.push(useLabel(key, value, onNew));
      const any = spec.namespaces.map((namespace) =>
        use(namespaces, namespace, (workload) => workload.namespace === namespace, onNew),
      );
      return { spec, all, any };
    },
    forget: ({ all, any }, onUnused) => {
      for (const atom of [...all, ...any]) {
        if (--atom.users > 0) continue;
        owners.get(atom)?.();
        owners.delete(atom);
        onUnused(atom);
      }
    },
    answers: (workload) => {
      const ids: number[] = [];
      const name = names.get(workload.name);
      if (name !== undefined) ids.push(name.id);
      const namespace = namespaces.get(workload.namespace);
      if (namespace !== undefined) ids.push(namespace.id);
      if (labels.size > 0) {
        for (const key in workload.labels) {
          const atom = labels.get(key)?.get(workload.labels[key]);
          if (atom !== undefined) ids.push(atom.id);
        }
      }
      return ids.length > 1 ? ids.sort((a, b) => a - b) : ids;
    },
  };
}
