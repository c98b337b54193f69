// SPDX-License-Identifier: Apache-2.0
import { idText } from './cgroup-events.ts';
import { nameText } from './cgroup-tree.ts';
import { openEventRing } from './event-ring.ts';

/** A thread that came into a cgroup, or whose name became another one there. */
export interface PlacedTask {
  /** `fork`: born in another cgroup than its parent's. `rename`: with the name that it is about to get. */
  readonly kind: 'attach' | 'fork' | 'exec' | 'rename';
  readonly pid: number;
  /** Of its process. */
  readonly tgid: number;
  /** Microseconds from boot to its creation: with the pid, who it is. */
  readonly startUs: number;
  /** All threads of the process were moved; the event is about its first one. */
  readonly wholeProcess: boolean;
  readonly cgroupId: string;
  /** 15 bytes at most. */
  readonly comm: string;
  readonly leaderComm: string;
}

export interface PlacedTasks {
  /** True when something has come, false after `timeoutMs`, one second at most. */
  wait(timeoutMs: number): Promise<boolean>;
  /** All that has come since the last time, in order; at most `most`. */
  drain(most?: number): PlacedTask[];
  /** How many there was no room for, since the start. */
  readonly lost: number;
  close(): void;
}

const KINDS = ['attach', 'fork', 'exec', 'rename'] as const;
const PROGRAMS: Readonly<Record<PlacedTask['kind'], string>> = {
  attach: 'on_cgroup_attach',
  fork: 'on_newtask',
  exec: 'on_placed_exec',
  rename: 'on_placed_rename',
};
const NUMBERS = ['kind', 'pid', 'tgid', 'start_us', 'whole_process', 'id_low', 'id_high'];
const COMM = ['comm_0', 'comm_1', 'comm_2', 'comm_3'];
const LEADER = ['leader_0', 'leader_1', 'leader_2', 'leader_3'];
const ROWS = 256;

function nameOf(words: readonly number[]): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word, true);
  const end = bytes.indexOf(0);
  return nameText(end === -1 ? bytes : bytes.subarray(0, end));
}

/**
 * Needs CAP_BPF and CAP_PERFMON.
 * @param objectPath of the built bpf/workloads.bpf.c
 * @param kinds to be told of; the others cost nothing
 * @throws BpfError
 */
export function openPlacedTasks(objectPath: string, kinds: readonly PlacedTask['kind'][] = KINDS): PlacedTasks {
  const events = openEventRing(objectPath, {
    map: 'placed_tasks',
    record: 'placed_task',
    columns: [...NUMBERS, ...COMM, ...LEADER],
    rows: ROWS,
    lost: 'nr_placed_tasks_lost',
    programs: [...new Set(kinds)].map((kind) => PROGRAMS[kind]),
  });
  const { ring } = events;
  let rows = 0;
  let next = 0;

  const task = (row: number): PlacedTask => {
    const at = (name: string): number => ring.columns[name][row];
    return {
      kind: KINDS[at('kind') - 1],
      pid: at('pid'),
      tgid: at('tgid'),
      startUs: at('start_us'),
      wholeProcess: at('whole_process') !== 0,
      cgroupId: idText(at('id_low'), at('id_high')),
      comm: nameOf(COMM.map(at)),
      leaderComm: nameOf(LEADER.map(at)),
    };
  };
  return {
    wait: (timeoutMs) => {
      if (!events.open) return Promise.resolve(false);
      return next < rows ? Promise.resolve(true) : ring.waitAsync(timeoutMs);
    },
    drain: (most = Number.POSITIVE_INFINITY) => {
      const tasks: PlacedTask[] = [];
      while (events.open && tasks.length < most) {
        if (next === rows) {
          next = 0;
          rows = ring.drain();
          if (rows === 0) break;
        }
        tasks.push(task(next++));
      }
      return tasks;
    },
    get lost() {
      return events.lost;
    },
    close: events.close,
  };
}
