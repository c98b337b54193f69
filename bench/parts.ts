// SPDX-License-Identifier: Apache-2.0
/** The parts of a run. Each is kept when it is done: a run takes most of an hour, and may be done in several sittings. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Dispatch } from '../test/vm/plan.ts';
import type { AgentTimes } from './agent.ts';
import type { MatchingTimes } from './matching.ts';
import type { DecisionCost } from './native.ts';
import type { Value } from './value.ts';
import type { FloodCost } from './watch-events.ts';

export interface GuestPart {
  readonly name: string;
  readonly dispatch: Dispatch;
  readonly cpus: 1 | 2 | 4;
  readonly what: 'all' | 'urgent' | 'recording';
}

/** Two at a time: one for each CPU of a small machine. */
export const ROUNDS: readonly (readonly GuestPart[])[] = [
  [
    { name: 'hybrid-1', dispatch: 'hybrid', cpus: 1, what: 'all' },
    { name: 'kernel-1', dispatch: 'kernel', cpus: 1, what: 'all' },
  ],
  [
    { name: 'hybrid-2', dispatch: 'hybrid', cpus: 2, what: 'all' },
    { name: 'kernel-2', dispatch: 'kernel', cpus: 2, what: 'all' },
  ],
  [
    { name: 'strict-1', dispatch: 'strict', cpus: 1, what: 'urgent' },
    { name: 'kernel-4', dispatch: 'kernel', cpus: 4, what: 'urgent' },
  ],
  [
    { name: 'recording-1', dispatch: 'hybrid', cpus: 1, what: 'recording' },
    { name: 'hybrid-4', dispatch: 'hybrid', cpus: 4, what: 'urgent' },
  ],
];

export const NATIVE = 'native';
export const MATCHING = 'matching';
export const AGENT = 'agent';
export const WATCH = 'watch';
export const PARTS: readonly string[] = [NATIVE, MATCHING, AGENT, WATCH, ...ROUNDS.flat().map(({ name }) => name)];

export interface Kept {
  readonly commit: string;
  readonly values: readonly Value[];
  readonly decisions: readonly DecisionCost[];
  readonly floods?: readonly FloodCost[];
  readonly matching?: MatchingTimes;
  readonly agent?: AgentTimes;
}

const folder = fileURLToPath(new URL('../build/bench/parts/', import.meta.url));

export function forget(): void {
  rmSync(folder, { recursive: true, force: true });
}

export function keep(part: string, kept: Kept): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${part}.json`, JSON.stringify(kept));
}

/** What is kept of a part; null when it has not been measured. */
export function kept(part: string): Kept | null {
  const file = `${folder}${part}.json`;
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept) : null;
}
