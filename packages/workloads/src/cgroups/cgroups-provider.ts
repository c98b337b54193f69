// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import type { ProviderHealth, WorkloadProvider } from '../provider.ts';
import { createWorkloadList } from '../workload-list.ts';
import type { CgroupEvent, CgroupEvents } from './cgroup-events.ts';
import { type CgroupTree, createCgroupTree } from './cgroup-tree.ts';
import { createCgroupWorkloads } from './cgroup-workloads.ts';
import { findCgroupMounts } from './mounts.ts';
import { cgroupIdOf, MAX_CGROUPS, walkCgroups } from './walk.ts';

export interface CgroupsProviderOptions {
  /** Folder of cgroup v2; null looks it up. */
  readonly root?: string | null;
  /** Throws where the kernel cannot be asked; then passes over the tree find what is new. */
  readonly openEvents: () => CgroupEvents;
  /** A whole pass as often as this, whatever the events say, ms. */
  readonly passEveryMs?: number;
  /** The same where there are no events, ms. */
  readonly passWithoutEventsMs?: number;
  readonly mountinfo?: () => string;
  /** One line for people. */
  readonly onLog?: (line: string) => void;
}

export const UNSUPPORTED =
  'this machine has no cgroup v2: every task counts as one of the machine, and strategies about workloads match nothing';

const WAIT_MS = 1_000;
/** Between two passes because of lost events, ms: a storm of cgroups must not become a storm of passes. */
const REPAIR_PAUSE_MS = 1_000;
/** Events that are kept during one pass; with more, another pass follows. */
const MOST_RECORDED = 100_000;
/** Of the root of a whole hierarchy. Below it are all cgroups that events tell of. */
const WHOLE_HIERARCHY = '1';

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Workloads by the cgroups of this machine, without Kubernetes. */
export function createCgroupsProvider(options: CgroupsProviderOptions): WorkloadProvider {
  const { openEvents, passEveryMs = 60_000, passWithoutEventsMs = 5_000, onLog = () => undefined } = options;
  const list = createWorkloadList((error) => onLog(`a listener of workloads failed: ${textOf(error)}`));
  const book = createCgroupWorkloads();
  let health: ProviderHealth = { state: 'starting', message: '', repairs: 0, ageMs: 0 };
  let root = '';
  let rootId = '';
  let tree: CgroupTree = createCgroupTree('');
  let events: CgroupEvents | null = null;
  /** Why there are none; empty when there are. */
  let withoutEvents = '';
  let lostBefore = 0;
  let repair = false;
  /** Events since a pass began: it may have missed them. */
  let recorded: CgroupEvent[] | null = null;
  let lastPassMs = 0;

  const setHealth = (state: ProviderHealth['state'], message: string): void => {
    health = { ...health, state, message };
  };

  function applyTo(target: CgroupTree, event: CgroupEvent): void {
    const { kind, id, parentId, name } = event;
    const own = target === tree;
    if (kind === 'rmdir') {
      for (const node of target.remove(id)) if (own) book.remove(node.id);
      return;
    }
    if (target.size >= MAX_CGROUPS) return;
    const inSight = target.get(parentId) !== undefined;
    if (name === '' || !inSight) {
      // For a tree that was just read it means only that the parent has gone meanwhile.
      repair ||= own && (inSight || rootId === WHOLE_HIERARCHY);
      return;
    }
    const node = target.add(id, parentId, name);
    if (own && node !== null) book.add(node);
  }

  function takeEvents(): void {
    if (events === null) return;
    for (const event of events.drain()) {
      if (recorded !== null && recorded.length >= MOST_RECORDED) repair = true;
      else recorded?.push(event);
      applyTo(tree, event);
    }
    const { lost } = events;
    if (lost !== lostBefore) repair = true;
    lostBefore = lost;
  }

  function tell(): void {
    const { put, removedUids } = book.take();
    list.apply(put, removedUids);
  }

  /** Reads the whole tree and makes ours the same. */
  async function pass(signal: AbortSignal): Promise<void> {
    recorded = [];
    try {
      const walk = await walkCgroups(root, signal, {
        onPause: () => {
          takeEvents();
          if (health.state !== 'starting') tell();
        },
      });
      if (signal.aborted) return;
      takeEvents();
      for (const event of recorded) applyTo(walk.tree, event);
      const known = tree;
      tree = walk.tree;
      for (const { id } of known.nodes()) if (tree.get(id) === undefined) book.remove(id);
      for (const node of tree.nodes()) if (known.get(node.id) === undefined) book.add(node);
      lastPassMs = performance.now();
      tell();
      if (walk.skipped > 0)
        setHealth(
          'degraded',
          `${walk.skipped} cgroups are left out: there are more than ${MAX_CGROUPS}, or paths are too long`,
        );
      else setHealth(events === null ? 'degraded' : 'ready', withoutEvents);
    } finally {
      recorded = null;
    }
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (events === null) await pause(Math.min(passWithoutEventsMs, WAIT_MS), signal);
      else await events.wait(WAIT_MS);
      if (signal.aborted) return;
      takeEvents();
      tell();
      const since = performance.now() - lastPassMs;
      const mend = repair && since >= REPAIR_PAUSE_MS;
      if (!mend && since < (events === null ? passWithoutEventsMs : passEveryMs)) continue;
      if (mend) {
        repair = false;
        health = { ...health, repairs: health.repairs + 1 };
      }
      try {
        await pass(signal);
      } catch (error) {
        if (signal.aborted) return;
        lastPassMs = performance.now();
        setHealth('degraded', `cannot read ${root}: ${textOf(error)}; trying again`);
      }
    }
  }

  function open(): void {
    try {
      events = openEvents();
    } catch (error) {
      withoutEvents = `the kernel does not tell of cgroups (${textOf(error)}); a pass every ${passWithoutEventsMs / 1_000} s finds them`;
      onLog(withoutEvents);
    }
  }

  function end(): void {
    events?.close();
    events = null;
    list.close();
    setHealth('stopped', '');
  }

  return {
    name: 'cgroups',
    start: async (signal) => {
      if (signal.aborted) return end();
      signal.addEventListener('abort', end, { once: true });
      const mountinfo = options.mountinfo ?? (() => readFileSync('/proc/self/mountinfo', 'utf8'));
      const found = options.root ?? findCgroupMounts(mountinfo()).unified;
      if (found === null) {
        setHealth('unsupported', UNSUPPORTED);
        onLog(UNSUPPORTED);
        return;
      }
      root = found;
      rootId = cgroupIdOf(root);
      tree = createCgroupTree(rootId);
      open();
      try {
        await pass(signal);
      } catch (error) {
        end();
        throw new Error(`cannot read the cgroups below ${root}: ${textOf(error)}`, { cause: error });
      }
      void follow(signal);
    },
    workloads: list.list,
    subscribe: list.subscribe,
    health: () => health,
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener('abort', done);
  });
}
