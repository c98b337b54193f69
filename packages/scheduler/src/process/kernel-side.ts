// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import {
  type BpfLink,
  type BpfObject,
  type Globals,
  type MapInfo,
  openGlobals,
  openSyscallProgram,
  type StructLayout,
  type SyscallProgram,
  sys,
} from '@gthulhu/bpf';
import type { Topology } from '../topology/topology.ts';
import { type KernelCounters, readCounters } from './counters.ts';
import { CPU_SET_WORDS, CPU_SLOTS, listOf, slotOf } from './cpu-sets.ts';
import type { PinFolder } from './pin-folder.ts';
import { type LoadedObject, pinObject } from './pinned-object.ts';
import { linkPin, MOVE_WATCHERS, OPS_LINK, type ParameterValue, WATCHERS } from './pins.ts';
import { readExplained, type TaskPolicy } from './task-policy.ts';

const MAX_CPUS = 1024;
const MAX_LLCS = 256;
/** Sets of CPUs with queues of their own: bits of a word, and queues for each last-level cache. */
const MAX_MASKS = 32;
const MIN_MASKS = 4;
const MAX_MASK_QUEUES = 512;
const HOTPLUG_SEQ = '/sys/kernel/sched_ext/hotplug_seq';

/** How the kernel ended the scheduler. */
export interface ExitRecord {
  readonly kind: number;
  readonly code: bigint;
  readonly reason: string;
  readonly message: string;
}

export interface KernelSideParts {
  readonly object: LoadedObject;
  /** Highest CPU number + 1. */
  readonly cpuIds: number;
  /** Attaches the scheduler; null where it was adopted, and is in force already. */
  readonly attachOps: (() => BpfLink) | null;
  /** Where it is pinned, or is to be; null where it ends with this process. */
  readonly pins: PinFolder | null;
  /** What it was loaded as, to be attached again; null where it is pinned or was adopted. */
  readonly loaded?: Loaded | null;
}

/** An object that this process has loaded, and what it was told that cannot be changed any more. */
export interface Loaded {
  readonly object: BpfObject;
  readonly fixed: Readonly<Record<string, ParameterValue>>;
}

/** Counts CPUs that came and went. */
export function readHotplugSeq(): number {
  try {
    return Number(readFileSync(HOTPLUG_SEQ, 'utf8'));
  } catch {
    return 0;
  }
}

function u16Bytes(values: readonly number[], length: number): Uint8Array {
  const array = new Uint16Array(length);
  array.set(values);
  return new Uint8Array(array.buffer);
}

/** Which CPUs there can be and how many caches, as the read-only variables of the object. */
export function topologyVariables(topology: Topology): Record<string, number | Uint8Array> {
  const ids = topology.cpus.at(-1)?.cpu ?? 0;
  if (ids >= MAX_CPUS) throw new Error(`this machine has CPU ${ids}; the scheduler knows CPUs 0 to ${MAX_CPUS - 1}`);
  if (topology.llcs.length > MAX_LLCS)
    throw new Error(`this machine has ${topology.llcs.length} last-level caches; the scheduler knows ${MAX_LLCS}`);
  const tickless = new Uint8Array(MAX_CPUS);
  for (const cpu of topology.tickless) tickless[cpu] = 1;
  return {
    nr_cpu_ids: ids + 1,
    nr_possible_cpus: topology.cpus.length,
    nr_llcs: Math.max(1, topology.llcs.length),
    nr_masks: masksOf(ids + 1, topology.llcs.length),
    nr_tickless_cpus: topology.tickless.length,
    cpu_tickless: tickless,
    report_util: Number(topology.utilisationWanted),
  };
}

/** Which of them are online and what they share: variables that may be written before each attachment. */
export function onlineVariables(topology: Topology): Record<string, number | Uint8Array> {
  const llcOf = new Array<number>((topology.cpus.at(-1)?.cpu ?? 0) + 1).fill(0);
  for (const cpu of topology.cpus) if (cpu.llc > 0) llcOf[cpu.cpu] = cpu.llc;
  return {
    nr_online_cpus: topology.cpus.filter((cpu) => cpu.online).length,
    cpu_llc: u16Bytes(llcOf, MAX_CPUS),
    llc_nr_cpus: u16Bytes(
      topology.llcs.map((cpus) => cpus.length),
      MAX_LLCS,
    ),
  };
}

/** With two CPUs an affinity is all of them or one, but a strategy may name one of them. */
function masksOf(cpuIds: number, llcs: number): number {
  if (cpuIds === 1) return 0;
  return cpuIds === 2
    ? MIN_MASKS
    : Math.min(MAX_MASKS, Math.max(MIN_MASKS, Math.floor(MAX_MASK_QUEUES / Math.max(1, llcs))));
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** A program and its context, to be filled. */
interface Prepared {
  readonly program: SyscallProgram;
  readonly args: Uint8Array;
  readonly view: DataView;
  readonly layout: StructLayout;
}

/** The BPF scheduler in the kernel, loaded or adopted: what the main thread owns of it. */
export class KernelSide {
  readonly object: LoadedObject;
  /** It was in force before this process came. */
  readonly adopted: boolean;
  /** It stays in force when this process ends. */
  readonly pinned: boolean;
  readonly loaded: Loaded | null;
  readonly #pins: PinFolder | null;
  readonly #attachOps: (() => BpfLink) | null;
  readonly #bss: Globals;
  readonly #layoutOf: (name: string) => ReturnType<LoadedObject['layout']>;
  readonly #cpuIds: number;
  readonly #links = new Map<string, BpfLink>();
  readonly #programs = new Map<string, SyscallProgram>();

  constructor({ object, cpuIds, attachOps, pins, loaded = null }: KernelSideParts) {
    this.object = object;
    this.adopted = attachOps === null;
    this.pinned = pins !== null;
    this.loaded = loaded;
    this.#pins = pins;
    this.#attachOps = attachOps;
    this.#cpuIds = cpuIds;
    this.#bss = openGlobals(object.globals('.bss'));
    const layouts = new Map<string, ReturnType<LoadedObject['layout']>>();
    this.#layoutOf = (name) => {
      const known = layouts.get(name) ?? object.layout(name);
      layouts.set(name, known);
      return known;
    };
  }

  maps(): MapInfo[] {
    return this.object.maps();
  }

  /** This process lives: a pinned scheduler that has not heard it for long ends itself. At least every second. */
  beat(): void {
    this.#bss.write('user_alive_ns', sys.monotonicNs());
  }

  /** Tells the kernel whose threads are ours. Returns our process number as the kernel knows it. */
  register(): number {
    this.beat();
    const layout = this.#layoutOf('register_args');
    const program = openSyscallProgram(this.object.programFd('register_self'), layout);
    const args = new Uint8Array(layout.size);
    program.run(args);
    program.close();
    return new DataView(args.buffer).getUint32(layout.fields.tgid.offset, true);
  }

  /** Becomes the CPU scheduler, unless it is one already. What is pinned here belongs to nobody: its names alone hold it. */
  attach(): void {
    if (this.#attachOps === null) return;
    if (this.#pins === null) {
      this.#links.set(OPS_LINK, this.#attachOps());
      return;
    }
    try {
      pinObject(this.object, this.#pins);
      this.#hold(this.#attachOps(), OPS_LINK);
    } catch (error) {
      this.#pins.unpin();
      throw error;
    }
  }

  #hold(link: BpfLink, name: string): void {
    if (this.#pins === null) {
      this.#links.set(name, link);
      return;
    }
    try {
      link.pin(this.#pins.pathOf(name));
    } finally {
      link.detach();
    }
  }

  /** From now on an exec or a rename is told of; costs every exec a record, so only where strategies ask for it. */
  watchCommands(): void {
    this.#watch('watch_commands', WATCHERS);
  }

  unwatchCommands(): void {
    this.#unwatch('watch_commands', WATCHERS);
  }

  /** From now on it is told of when a task comes into another cgroup than the one before, or than its parent's. */
  watchMoves(): void {
    this.#watch('watch_moves', MOVE_WATCHERS);
  }

  unwatchMoves(): void {
    this.#unwatch('watch_moves', MOVE_WATCHERS);
  }

  #watch(variable: string, programs: readonly string[]): void {
    if (this.#bss.readNumber(variable) !== 0) return;
    for (const program of programs) {
      this.#pins?.remove(linkPin(program));
      this.#hold(this.object.attachProgram(program), linkPin(program));
    }
    this.#bss.write(variable, 1);
  }

  #unwatch(variable: string, programs: readonly string[]): void {
    this.#bss.write(variable, 0);
    for (const name of programs.map(linkPin)) {
      this.#links.get(name)?.detach();
      this.#links.delete(name);
      this.#pins?.remove(name);
    }
  }

  /** Number of the last change of policies that is in force. */
  policySeq(): bigint {
    return this.#bss.readBigInt('policy_seq');
  }

  /** Puts in force what was written for this change. */
  commitPolicies(change: bigint): void {
    const { program, args, view, layout } = this.#program('commit_policies', 'commit_args');
    view.setBigUint64(layout.fields.seq.offset, change, true);
    program.run(args);
  }

  /** Strategies, of this process or an earlier one, may be in force. */
  hasPolicies(): boolean {
    return ['has_command_policies', 'has_cgroup_policies', 'has_unit_policies'].some(
      (variable) => this.#bss.readNumber(variable) !== 0,
    );
  }

  hasCommandPolicies(): boolean {
    return this.#bss.readNumber('has_command_policies') !== 0;
  }

  setCommandPolicies(some: boolean): void {
    this.#bss.write('has_command_policies', some);
  }

  /** Of the rules that the kernel's known commands are for. */
  commandVersion(): number {
    return this.#bss.readNumber('command_version');
  }

  setCommandVersion(version: number): void {
    this.#bss.write('command_version', version);
  }

  setCgroupPolicies(some: boolean): void {
    this.#bss.write('has_cgroup_policies', some);
  }

  setUnitPolicies(some: boolean): void {
    this.#bss.write('has_unit_policies', some);
  }

  /** @param excepts how names begin that every scope passes by, as the kernel has them */
  setUnitExcepts(excepts: Uint8Array): void {
    this.#bss.write('unit_excepts', excepts);
  }

  writeCpuSet(slot: number, words: readonly bigint[]): void {
    for (const [i, word] of words.entries()) this.#bss.write('cpu_set_words', word, slot * CPU_SET_WORDS + i);
  }

  cpuSlotsInUse(): ReadonlySet<number> {
    const sets = this.#cpuSets();
    return new Set([...sets.keys()].filter((slot) => sets[slot].some((word) => word !== 0n)));
  }

  /** All but these are free again. */
  clearCpuSets(keep: ReadonlySet<number>): void {
    const none = new Array<bigint>(CPU_SET_WORDS).fill(0n);
    for (const slot of this.cpuSlotsInUse()) if (!keep.has(slot)) this.writeCpuSet(slot, none);
  }

  /** The words of each slot. */
  #cpuSets(): bigint[][] {
    const words = [...new BigUint64Array(this.#bss.bytes('cpu_set_words').buffer)];
    return Array.from({ length: CPU_SLOTS }, (_, slot) =>
      words.slice(slot * CPU_SET_WORDS, (slot + 1) * CPU_SET_WORDS),
    );
  }

  /**
   * What applies to a task right now, read from the kernel.
   * @param pid as the kernel counts: the one of the node's /proc, not a pod's. Of a thread too.
   * @returns null where there is no such task
   */
  explainTask(pid: number): TaskPolicy | null {
    const { program, args, view, layout } = this.#program('explain_task', 'explain_args');
    view.setInt32(layout.fields.pid.offset, pid, true);
    program.run(args);
    const cpusOf = (handle: number): string => listOf(this.#cpuSets()[slotOf(handle)]);
    return readExplained(this.#bss.bytes('explained'), this.#layoutOf('explained'), cpusOf);
  }

  #program(name: string, context: string): Prepared {
    const layout = this.#layoutOf(context);
    const program = this.#programs.get(name) ?? openSyscallProgram(this.object.programFd(name), layout);
    this.#programs.set(name, program);
    const args = new Uint8Array(layout.size);
    return { program, args, view: new DataView(args.buffer), layout };
  }

  counters(): KernelCounters {
    return readCounters(this.#bss, this.#layoutOf('cpu_state'), this.#layoutOf('opinion_stats'), this.#cpuIds);
  }

  /** Null while the scheduler is in force. */
  exitRecord(): ExitRecord | null {
    const bytes = this.#bss.bytes('exit_record');
    const { kind, code, reason, msg } = this.#layoutOf('exit_record').fields;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const exitKind = Number(view.getBigInt64(kind.offset, true));
    if (exitKind === 0) return null;
    return {
      kind: exitKind,
      code: view.getBigInt64(code.offset, true),
      reason: textOf(bytes.subarray(reason.offset, reason.offset + reason.count * reason.size)),
      message: textOf(bytes.subarray(msg.offset, msg.offset + msg.count * msg.size)),
    };
  }

  /** Events that found their ring full since load: then the tasks are to be scanned again. */
  eventsLost(): number {
    return this.#bss.readNumber('nr_events_lost');
  }

  /** Removes the pins of a scheduler that the kernel has ended. */
  unpin(): void {
    this.#pins?.unpin();
  }

  /** Gives the CPUs back to the kernel's own scheduler, unless it is pinned. Idempotent. */
  detach(): void {
    for (const link of [...this.#links.values()].reverse()) link.detach();
    this.#links.clear();
  }

  /** All but the object itself, which somebody else goes on with. */
  leave(): void {
    this.detach();
    for (const program of this.#programs.values()) program.close();
    this.#programs.clear();
    this.#bss.close();
  }

  close(): void {
    this.leave();
    this.object.close();
  }
}
