// SPDX-License-Identifier: Apache-2.0
/**
 * What a pinned scheduler consists of, and when another process may take it over. Pure: what is compared was read
 * elsewhere.
 */
import type { StructLayout, VarInfo } from '@gthulhu/bpf';
import { EXIT_KIND } from '../explain-exit/exit-kind.ts';
import type { SchedExtState } from './sched-ext-support.ts';

/** Names within the folder; a bpf file system allows no dots in them. */
export const OPS_LINK = 'link_ops';
export const linkPin = (program: string): string => `link_${program}`;
export const programPin = (program: string): string => `prog_${program}`;
/** libbpf puts the name of the object before that of a section: `schedule.bss` is `.bss`. */
export const mapPin = (map: string): string => `map_${map.replace(/^[^.]*\./, '').replaceAll('.', '_')}`;

/** Attached while strategies name commands. */
export const WATCHERS = ['on_exec', 'on_rename'] as const;
/** Attached while strategies name commands in cgroups. */
export const MOVE_WATCHERS = ['on_move', 'on_newtask'] as const;

/** Programs that user space runs or attaches itself: all of SEC("syscall") and the watchers of bpf/. */
export const PROGRAMS = [
  'apply',
  'register_self',
  'register_policy',
  'scan_tasks',
  'set_policies',
  'poll_slices',
  'commit_policies',
  'explain_task',
  ...WATCHERS,
  ...MOVE_WATCHERS,
] as const;

/** Structs of bpf/ that user space reads or writes. */
export const RECORDS = [
  'task_record',
  'decision',
  'task_event',
  'policy_update',
  'command_name',
  'command_entry',
  'policy',
  'cgroup_entry',
  'unit_name',
  'unit_except',
  'explained',
  'cpu_state',
  'opinion_stats',
  'exit_record',
  'apply_args',
  'register_args',
  'scan_args',
  'policy_args',
  'poll_args',
  'commit_args',
  'explain_args',
] as const;

/** Ours in a folder that may hold others' files. */
export const isPin = (name: string): boolean => /^(link|prog|map)_\w+$/.test(name);

/** The links first: they are what keeps the scheduler in force, and without them a set is an unfinished one. */
export const inOrderOfRemoval = (names: readonly string[]): string[] =>
  [...names].sort((a, b) => Number(b === OPS_LINK) - Number(a === OPS_LINK) || a.localeCompare(b));

/** The name of a scheduler of ours as the kernel shows it. */
export const isOurs = (ops: string): boolean => ops.startsWith('gthulhu');

/** The set was pinned from its first to its last part: the link comes last. */
export const isComplete = (names: readonly string[]): boolean => names.includes(OPS_LINK);

/** Why the pinned scheduler is no longer in force; null while it is. @param exitKind as its own exit record says */
export function whyDead(exitKind: number, { state, ops }: SchedExtState): string | null {
  if (exitKind !== EXIT_KIND.NONE) return 'the kernel has ended it';
  if (state !== 'enabled') return `sched_ext is ${state}`;
  if (!isOurs(ops)) return `${ops || 'another scheduler'} is in force`;
  return null;
}

/** What two builds must have in common. */
export interface Shape {
  readonly records: Readonly<Record<string, StructLayout>>;
  /** of .bss; user space finds them by name, so their places may differ */
  readonly variables: Readonly<Record<string, VarInfo>>;
  readonly maps: Readonly<Record<string, MapShape>>;
}

export interface MapShape {
  readonly type: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function sameRecord(a: StructLayout, b: StructLayout | undefined): boolean {
  const fields = (layout: StructLayout): unknown =>
    Object.entries(layout.fields)
      .map(([name, { offset, size, signed, count }]) => [name, offset, size, signed, count])
      .sort();
  return b !== undefined && a.size === b.size && sameJson(fields(a), fields(b));
}

const kindOf = ({ size, elementSize, scalar }: VarInfo): unknown => [size, elementSize, scalar];

/** A section's size is that of its variables, which are compared by themselves. */
const shapeOf = (name: string, { type, keySize, valueSize, maxEntries }: MapShape): unknown =>
  name.includes('.') ? type : [type, keySize, valueSize, maxEntries];

/** The first thing that this program would read or write wrongly in the other one; null when there is none. */
export function shapeDifference(own: Shape, pinned: Shape): string | null {
  for (const [name, layout] of Object.entries(own.records))
    if (!sameRecord(layout, pinned.records[name])) return `its record ${name} is another one`;
  for (const [name, variable] of Object.entries(own.variables)) {
    const other = pinned.variables[name];
    if (other === undefined) return `it has no variable ${name}`;
    if (!sameJson(kindOf(variable), kindOf(other))) return `its variable ${name} is another one`;
  }
  for (const [name, map] of Object.entries(own.maps)) {
    const other = pinned.maps[name];
    if (other === undefined) return `it has no map ${name}`;
    if (!sameJson(shapeOf(name, map), shapeOf(name, other))) return `its map ${name} is another one`;
  }
  return null;
}

export type ParameterValue = number | Uint8Array;

const sameValue = (a: ParameterValue, b: ParameterValue): boolean =>
  typeof a === 'number' || typeof b === 'number' ? a === b : Buffer.compare(a, b) === 0;

/** The first parameter that the pinned scheduler was not loaded with; null when all are as wished. */
export function parameterDifference(
  wished: Readonly<Record<string, ParameterValue>>,
  pinned: Readonly<Record<string, ParameterValue | undefined>>,
): string | null {
  for (const [name, value] of Object.entries(wished)) {
    const other = pinned[name];
    if (other === undefined) return `it has no parameter ${name}`;
    if (sameValue(value, other)) continue;
    if (typeof value === 'number' && typeof other === 'number')
      return `its ${name} is ${other}, wished for is ${value}`;
    return `its ${name} is another one`;
  }
  return null;
}
