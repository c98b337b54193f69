// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '../workload.ts';
import { type Decision, decide } from './decision.ts';
import { comparePrecedence } from './precedence.ts';
import type { StrategySpec } from './strategy-spec.ts';

/**
 * Something that strategies ask about a workload: a namespace, a name, a label with its value. Workloads that answer
 * all of them alike are one group, and there is one decision for a group. So the cost of a change grows with the
 * number of groups, not of workloads: pods of one Deployment are one group.
 */
export interface Atom {
  /** Never used again for another one. */
  readonly id: number;
  /** Strategies that ask it. */
  users: number;
  readonly holds: (workload: Workload) => boolean;
}

export interface Asked {
  readonly spec: StrategySpec;
  /** All must hold. */
  readonly all: readonly Atom[];
  /** One must hold, if there are any. */
  readonly any: readonly Atom[];
}

export interface Group {
  readonly members: ReadonlyMap<string, Workload>;
  readonly decision: Decision;
}

export class LiveGroup implements Group {
  readonly members = new Map<string, Workload>();
  readonly protectedBy: string | null;
  /** Ids of the atoms that hold, ascending. */
  atoms: readonly number[];
  #atomSet: ReadonlySet<number>;
  #candidates: StrategySpec[];
  #decision: Decision | null = null;

  constructor(atoms: readonly number[], candidates: StrategySpec[], protectedBy: string | null) {
    this.atoms = atoms;
    this.#atomSet = new Set(atoms);
    this.#candidates = candidates;
    this.protectedBy = protectedBy;
  }

  get key(): string {
    return groupKey(this.atoms, this.protectedBy);
  }

  get decision(): Decision {
    this.#decision ??= decide(this.#candidates, this.protectedBy);
    return this.#decision;
  }

  /** All that mean it, the strongest first; also where it is protected. */
  get candidates(): readonly StrategySpec[] {
    return this.#candidates;
  }

  setAtoms(atoms: readonly number[]): void {
    this.atoms = atoms;
    this.#atomSet = new Set(atoms);
  }

  meets({ all, any }: Asked): boolean {
    const has = ({ id }: Atom): boolean => this.#atomSet.has(id);
    return all.every(has) && (any.length === 0 || any.some(has));
  }

  insert(spec: StrategySpec): void {
    let low = 0;
    let high = this.#candidates.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePrecedence(this.#candidates[middle], spec) < 0) low = middle + 1;
      else high = middle;
    }
    this.#candidates.splice(low, 0, spec);
    this.#decision = null;
  }

  /** False when it was none of the candidates. */
  drop(spec: StrategySpec): boolean {
    const at = this.#candidates.indexOf(spec);
    if (at === -1) return false;
    this.#candidates.splice(at, 1);
    this.#decision = null;
    return true;
  }

  /** Takes out the members that answer the new atom with yes; null when nobody does, itself when all do. */
  split(atom: Atom): LiveGroup | null {
    const yes: [string, Workload][] = [];
    for (const member of this.members) if (atom.holds(member[1])) yes.push(member);
    if (yes.length === 0) return null;
    const atoms = [...this.atoms, atom.id];
    if (yes.length === this.members.size) {
      this.setAtoms(atoms);
      return this;
    }
    const other = new LiveGroup(atoms, [...this.#candidates], this.protectedBy);
    for (const [uid, workload] of yes) {
      this.members.delete(uid);
      other.members.set(uid, workload);
    }
    return other;
  }
}

export function groupKey(atoms: readonly number[], protectedBy: string | null): string {
  return protectedBy === null ? atoms.join() : `${atoms.join()}:${protectedBy}`;
}
