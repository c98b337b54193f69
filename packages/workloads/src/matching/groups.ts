// SPDX-License-Identifier: Apache-2.0
import type { Workload } from '../workload.ts';
import { type Decision, decide, type InForce, inForceOf } from './decision.ts';
import { placeOf } from './precedence.ts';
import type { Asked, Atom } from './questions.ts';
import type { StrategySpec } from './strategy-spec.ts';

/**
 * Workloads that answer every question of all strategies alike are one group, and there is one decision for a group.
 * So the cost of a change grows with the number of groups, not of workloads: pods of one Deployment are one group.
 */
export interface Group {
  /** Why none of them may have a strategy; null when they may. */
  readonly protectedBy: string | null;
  /** In no order. */
  readonly members: readonly Member[];
  /** Grows with each member that comes or goes. */
  readonly version: number;
  /** What the scheduler has to hear of. */
  readonly inForce: InForce;
  /** The same with every reason, made when it is asked for. */
  readonly decision: Decision;
}

/** A workload in its group. */
export class Member {
  readonly workload: Workload;
  /** @internal */
  group: LiveGroup | null = null;
  /** Its place in the group's members. @internal */
  place = 0;

  constructor(workload: Workload) {
    this.workload = workload;
  }
}

const NOTHING: InForce = { policy: null, commands: [] };

export class LiveGroup implements Group {
  readonly members: Member[] = [];
  version = 0;
  readonly protectedBy: string | null;
  /** Ids of the atoms that hold, ascending. */
  atoms: readonly number[] = [];
  key = '';
  #atomSet: ReadonlySet<number> = new Set();
  #candidates: StrategySpec[];
  #decision: Decision | null = null;
  #inForce: InForce | null = null;

  constructor(atoms: readonly number[], candidates: StrategySpec[], protectedBy: string | null) {
    this.#candidates = candidates;
    this.protectedBy = protectedBy;
    this.setAtoms(atoms);
  }

  get inForce(): InForce {
    this.#inForce ??= this.protectedBy === null ? inForceOf(this.#candidates) : NOTHING;
    return this.#inForce;
  }

  get decision(): Decision {
    this.#decision ??= decide(this.#candidates, this.protectedBy);
    return this.#decision;
  }

  /** All that mean it, the strongest first; also where it is protected. */
  get candidates(): readonly StrategySpec[] {
    return this.#candidates;
  }

  /** @param candidates the strongest first */
  setCandidates(candidates: StrategySpec[]): void {
    this.#candidates = candidates;
    this.#changed();
  }

  setAtoms(atoms: readonly number[]): void {
    this.atoms = atoms;
    this.key = groupKey(atoms, this.protectedBy);
    this.#atomSet = new Set(atoms);
  }

  meets({ all, any }: Asked<Member>): boolean {
    for (const { id } of all) if (!this.#atomSet.has(id)) return false;
    return any.length === 0 || any.some(({ id }) => this.#atomSet.has(id));
  }

  take(member: Member): void {
    this.version++;
    member.group = this;
    member.place = this.members.length;
    this.members.push(member);
  }

  release(member: Member): void {
    this.version++;
    const last = this.members.pop() as Member;
    if (last === member) return;
    last.place = member.place;
    this.members[member.place] = last;
  }

  insert(spec: StrategySpec): void {
    this.#candidates.splice(placeOf(this.#candidates, spec), 0, spec);
    this.#changed();
  }

  /** False when it was none of the candidates. */
  drop(spec: StrategySpec): boolean {
    const at = this.#candidates.indexOf(spec);
    if (at === -1) return false;
    this.#candidates.splice(at, 1);
    this.#changed();
    return true;
  }

  /** Those of its members, at least one, that answer the new atom with yes: a group of their own, or itself if all do. */
  split(atom: Atom<Member>, yes: readonly Member[]): LiveGroup {
    const atoms = [...this.atoms, atom.id];
    if (yes.length === this.members.length) {
      this.setAtoms(atoms);
      return this;
    }
    const other = new LiveGroup(atoms, [...this.#candidates], this.protectedBy);
    for (const member of yes) {
      this.release(member);
      other.take(member);
    }
    return other;
  }

  #changed(): void {
    this.#decision = null;
    this.#inForce = null;
  }
}

export function groupKey(atoms: readonly number[], protectedBy: string | null): string {
  const text = atoms.length === 1 ? `${atoms[0]}` : atoms.join();
  return protectedBy === null ? text : `${text}:${protectedBy}`;
}
