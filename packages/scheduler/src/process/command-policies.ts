// SPDX-License-Identifier: Apache-2.0
import { openDecisions, openRing, openSyscallProgram, wakeRing } from '@gthulhu/bpf';
import type { Matcher } from '../strategies/matcher.ts';
import type { KernelSide } from './kernel-side.ts';
import { KnownCommands, type NamePolicy } from './known-commands.ts';
import type { PolicyValue } from './policy-entries.ts';
import {
  EVENT_CAPACITY,
  NO_PRIORITY,
  nameOfWords,
  POLICY_UPDATE_CAPACITY,
  POLICY_UPDATE_COLUMNS,
  TASK_EVENT,
  TASK_EVENT_COLUMNS,
} from './records.ts';

const WAIT_MS = 1000;
/** Fields of `struct scan_args`, u32 each. */
const SCAN = { begin: 0, told: 1, more: 2, tgid: 3, words: 4 } as const;
/** A machine whose tasks come faster than they can be told of: give up for now, the next scan goes on. */
const SCAN_ROUNDS = 1000;
/** Rounds after the ring was large enough: for children of those who had not been told yet. */
const LAST_ROUNDS = 16;
/** Cgroups whose ancestors are remembered: these never change, and ids are never used again. */
const REMEMBERED = 16_384;
const HALF = 2 ** 32;

/** Who gets what, by command. */
export interface CommandRules {
  readonly matcher: Matcher;
  /** By place in the matcher. */
  readonly policies: readonly PolicyValue[];
}

/** Gives every task the policy that its command has, now and whenever a command or its cgroup changes. */
export interface CommandPolicies {
  /** From now on these. Returns how many tasks have one. */
  apply(rules: CommandRules): number;
  stop(): Promise<void>;
}

export function startCommandPolicies(
  kernel: KernelSide,
  onEvent: { lost(): void; failed(error: unknown): void },
): CommandPolicies {
  const { object } = kernel;
  const eventsFd = object.map('commands').info.fd;
  const ring = openRing(eventsFd, object.layout('task_event'), TASK_EVENT_COLUMNS, EVENT_CAPACITY);
  const updates = openDecisions(
    object.programFd('set_policies'),
    object.globals('.bss'),
    'policy_updates',
    object.layout('policy_update'),
    POLICY_UPDATE_COLUMNS,
    POLICY_UPDATE_CAPACITY,
  );
  const scanProgram = openSyscallProgram(object.programFd('scan_tasks'), object.layout('scan_args'));
  const known = new KnownCommands(
    object.map('known_commands'),
    { name: object.layout('command_name'), entry: object.layout('command_entry') },
    kernel.commandVersion(),
    (version) => kernel.setCommandVersion(version),
  );
  const event = ring.columns;
  const update = updates.columns;
  const ancestors = new Map<string, readonly string[]>();
  /** Processes that have moved with all their threads. */
  const moved = new Set<number>();
  let rules: CommandRules | null = null;
  let stopping = false;
  let lost = 0;
  let matched = 0;

  const name = (prefix: string, i: number): string =>
    nameOfWords(event[`${prefix}_0`][i], event[`${prefix}_1`][i], event[`${prefix}_2`][i], event[`${prefix}_3`][i]);

  /** The cgroups of a task, its own first. The kernel is asked once for each cgroup. */
  function cgroupsOf(pid: number, lo: number, hi: number): readonly string[] {
    const id = `${(BigInt(hi) << 32n) | BigInt(lo)}`;
    const known = ancestors.get(id);
    if (known !== undefined) return known;
    const found = kernel.explainTask(pid)?.cgroups ?? [];
    // It may have moved since, or be gone: another event tells of that.
    if (found[0] !== id) return [id];
    if (ancestors.size >= REMEMBERED) ancestors.clear();
    ancestors.set(id, found);
    return found;
  }

  /** The next exec or rename to that name need not be told of, where the name alone decides. */
  function learn(prefix: 'comm' | 'leader', i: number): void {
    const match = rules?.matcher.byNameAlone(name(prefix, i));
    if (match === undefined) return;
    const policy: NamePolicy = match === null || match === 'exempt' ? match : (rules?.policies[match.place] ?? null);
    const word = (n: 0 | 1 | 2 | 3): number => event[`${prefix}_${n}`][i];
    known.learn([word(0), word(1), word(2), word(3)], policy);
  }

  function learnFrom(i: number): void {
    if (event.kind[i] !== TASK_EVENT.exec && event.kind[i] !== TASK_EVENT.rename) return;
    learn('comm', i);
    learn('leader', i);
  }

  function addUpdate(row: number, i: number): void {
    const lo = event.cgroup_lo[i];
    const hi = event.cgroup_hi[i];
    const bound = rules?.matcher.bound ?? false;
    const match =
      rules?.matcher.match({
        comm: name('comm', i),
        leaderComm: name('leader', i),
        ...(bound ? { cgroups: cgroupsOf(event.pid[i], lo, hi) } : {}),
      }) ?? null;
    if (match !== null && event.kind[i] === TASK_EVENT.scan) matched++;
    if (event.kind[i] === TASK_EVENT.moveAll) moved.add(event.tgid[i]);
    const policy = match === null ? undefined : rules?.policies[match.place];
    const holdsHere = match !== null && match.strategy.cgroups !== null;
    update.start_us[row] = event.start_us[i];
    update.pid[row] = event.pid[i];
    update.rank[row] = policy?.rank ?? 0;
    update.priority[row] = policy?.priority ?? NO_PRIORITY;
    update.slice_ns[row] = policy?.sliceNs ?? 0;
    update.cpus[row] = policy?.cpus ?? 0;
    update.strategy[row] = policy?.strategy ?? 0;
    update.cgroup_lo[row] = holdsHere ? lo : 0;
    update.cgroup_hi[row] = holdsHere ? hi % HALF : 0;
    update.told[row] = event.told[i];
    learnFrom(i);
  }

  /** Tells the kernel what applies to every task that an event is about. */
  function drainEvents(): void {
    for (let n = ring.drain(); n > 0; n = ring.drain()) {
      for (let from = 0; from < n; from += POLICY_UPDATE_CAPACITY) {
        const rows = Math.min(POLICY_UPDATE_CAPACITY, n - from);
        for (let row = 0; row < rows; row++) addUpdate(row, from + row);
        updates.apply(rows);
      }
    }
  }

  /** Every thread there is, or that a process has. What happens meanwhile raises events of its own. */
  function scan(tgid: number): void {
    const context = new Uint32Array(SCAN.words);
    const bytes = new Uint8Array(context.buffer);
    let rest = LAST_ROUNDS;
    for (let round = 0; round < SCAN_ROUNDS && rest > 0; round++) {
      context.fill(0);
      context[SCAN.begin] = Number(round === 0);
      context[SCAN.tgid] = tgid;
      scanProgram.run(bytes);
      drainEvents();
      if (context[SCAN.more] !== 0) continue;
      if (context[SCAN.told] === 0) break;
      rest--;
    }
    // A full ring in the middle of a scan is no loss: the scan goes on where it stopped.
    lost = kernel.eventsLost();
  }

  function scanAll(): void {
    matched = 0;
    scan(0);
    moved.clear();
  }

  async function follow(): Promise<void> {
    while (!stopping) {
      await ring.waitAsync(WAIT_MS);
      if (stopping) break;
      drainEvents();
      if (kernel.eventsLost() !== lost) {
        onEvent.lost();
        scanAll();
      }
      for (const tgid of moved) {
        moved.delete(tgid);
        scan(tgid);
      }
    }
  }

  let following: Promise<void> | null = null;
  return {
    apply(next) {
      rules = next;
      // Before anybody is looked at: whoever is settled by an earlier name from here on is told of.
      known.forget();
      scanAll();
      following ??= follow().catch(onEvent.failed);
      return matched;
    },
    async stop() {
      if (stopping) return;
      stopping = true;
      wakeRing(ring.wakeFd);
      await following;
      ring.close();
      updates.close();
      known.close();
      scanProgram.close();
    },
  };
}
