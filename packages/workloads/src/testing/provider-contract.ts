// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { WorkloadChanges, WorkloadProvider } from '../provider.ts';
import type { Workload } from '../workload.ts';

/** A provider with something real or lifelike behind it that a test can change. */
export interface ProviderScene {
  readonly provider: WorkloadProvider;
  /** Makes a workload of which the provider tells under this name; `name` is unique in the scene. */
  add(name: string): Promise<void>;
  /** Changes something that is to be seen in the workload: a container more, another label. Absent if nothing can. */
  change?(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface ContractOptions {
  /** How long to wait for a change to be told of, ms. */
  readonly patienceMs?: number;
  /** A name that is hard to handle. */
  readonly hostileName?: string;
  /** What comes back under its name is the same one: where names are uids. */
  readonly namesAreUids?: boolean;
}

/** What was there, after the changes. */
function applied(before: readonly Workload[], changes: readonly WorkloadChanges[]): Map<string, Workload> {
  const now = new Map(before.map((workload) => [workload.uid, workload]));
  for (const { added, changed, removed } of changes) {
    for (const { uid } of removed) {
      expect(now.has(uid), `removed ${uid} was there`).toBe(true);
      now.delete(uid);
    }
    for (const workload of changed) {
      expect(now.has(workload.uid), `changed ${workload.uid} was there`).toBe(true);
      now.set(workload.uid, workload);
    }
    for (const workload of added) {
      expect(now.has(workload.uid), `added ${workload.uid} is new`).toBe(false);
      now.set(workload.uid, workload);
    }
  }
  return now;
}

const byUid = (workloads: Iterable<Workload>): Workload[] =>
  [...workloads].sort((a, b) => (a.uid < b.uid ? -1 : a.uid > b.uid ? 1 : 0));

const HOSTILE = 'with space, quote " and $(x)';

/** The rules of WorkloadProvider. `open` makes a scene of its own for each test, the provider not started. */
export function testProvider(title: string, open: () => Promise<ProviderScene>, options: ContractOptions = {}): void {
  const patienceMs = options.patienceMs ?? 20_000;
  const hostile = options.hostileName ?? HOSTILE;

  describe(`provider ${title}`, { timeout: patienceMs * 4 }, () => {
    let scene: ProviderScene;
    let ending: AbortController;

    beforeEach(async () => {
      scene = await open();
      ending = new AbortController();
    });
    afterEach(async () => {
      ending.abort();
      await scene.close();
    });

    const named = (name: string): Workload | undefined =>
      scene.provider.workloads().find((workload) => workload.name === name);
    const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: patienceMs, interval: 20 });
    const there = (name: string) => soon(() => expect(named(name), name).toBeDefined());
    const gone = (name: string) => soon(() => expect(named(name), name).toBeUndefined());

    test('tells nothing before it is started', () => {
      expect(scene.provider.workloads()).toEqual([]);
      expect(scene.provider.health().state).toBe('starting');
    });

    test('has the whole list when it has started, and is ready', async () => {
      await scene.add('first');
      await scene.add('second');
      await scene.provider.start(ending.signal);
      expect(named('first')).toBeDefined();
      expect(named('second')).toBeDefined();
      expect(scene.provider.health()).toMatchObject({ state: 'ready', message: '' });
    });

    test('the first list is a change for who listens before', async () => {
      await scene.add('first');
      const changes: WorkloadChanges[] = [];
      scene.provider.subscribe((change) => changes.push(change));
      await scene.provider.start(ending.signal);
      expect(byUid(applied([], changes).values())).toEqual(byUid(scene.provider.workloads()));
    });

    test('tells of what comes, changes and goes', async () => {
      await scene.provider.start(ending.signal);
      await scene.add('a');
      await there('a');
      const before = named('a');
      if (scene.change !== undefined) {
        await scene.change('a');
        await soon(() => expect(named('a')).not.toEqual(before));
        expect(named('a')?.uid).toBe(before?.uid);
      }
      await scene.remove('a');
      await gone('a');
    });

    test('the changes make the later list out of the earlier one', async () => {
      await scene.add('old');
      await scene.add('older');
      await scene.provider.start(ending.signal);
      const before = scene.provider.workloads();
      const changes: WorkloadChanges[] = [];
      scene.provider.subscribe((change) => {
        changes.push(change);
        expect(byUid(applied(before, changes).values())).toEqual(byUid(scene.provider.workloads()));
      });
      for (const name of ['a', 'b', 'c']) await scene.add(name);
      await scene.change?.('b');
      await scene.remove('a');
      await scene.remove('old');
      for (const name of ['b', 'c']) await there(name);
      for (const name of ['a', 'old']) await gone(name);
      await soon(() => {
        expect(changes.length).toBeGreaterThan(0);
        expect(byUid(applied(before, changes).values())).toEqual(byUid(scene.provider.workloads()));
      });
      for (const { added, changed, removed } of changes) {
        const uids = [...added, ...changed, ...removed].map(({ uid }) => uid);
        expect(new Set(uids).size).toBe(uids.length);
        expect(uids.length).toBeGreaterThan(0);
      }
    });

    test('a list that was given out stays as it is', async () => {
      await scene.add('a');
      await scene.provider.start(ending.signal);
      const given = scene.provider.workloads();
      const copy = structuredClone(given.map((workload) => ({ ...workload, labels: { ...workload.labels } })));
      await scene.change?.('a');
      await scene.add('b');
      await there('b');
      expect(given.map((workload) => ({ ...workload, labels: { ...workload.labels } }))).toEqual(copy);
    });

    test('a name that is no word is a name like others', async () => {
      await scene.provider.start(ending.signal);
      await scene.add(hostile);
      await there(hostile);
      await scene.remove(hostile);
      await gone(hostile);
    });

    const back = options.namesAreUids === true ? 'the same, heard of again' : 'another one';
    test(`one with the same name that comes back is ${back}`, async () => {
      await scene.provider.start(ending.signal);
      await scene.add('a');
      await there('a');
      const uid = named('a')?.uid;
      expect(uid).toBeTruthy();
      await scene.remove('a');
      await gone('a');
      await scene.add('a');
      await there('a');
      if (options.namesAreUids === true) expect(named('a')?.uid).toBe(uid);
      else expect(named('a')?.uid).not.toBe(uid);
    });

    test('uids and cgroup ids are as promised', async () => {
      for (const name of ['a', 'b', 'c']) await scene.add(name);
      await scene.provider.start(ending.signal);
      const all = scene.provider.workloads();
      expect(new Set(all.map(({ uid }) => uid)).size).toBe(all.length);
      const ids = [...all, ...all.flatMap(({ containers }) => containers)].map(({ cgroupId }) => cgroupId);
      for (const id of ids) expect(id === null || /^[0-9]{1,20}$/.test(id)).toBe(true);
    });

    test('who has ended listening hears no more, others do', async () => {
      await scene.provider.start(ending.signal);
      const heard = { first: 0, second: 0 };
      const end = scene.provider.subscribe(() => heard.first++);
      scene.provider.subscribe(() => heard.second++);
      end();
      end();
      await scene.add('a');
      await soon(() => expect(heard.second).toBeGreaterThan(0));
      expect(heard.first).toBe(0);
    });

    test('a listener that throws stops nobody', async () => {
      await scene.provider.start(ending.signal);
      let heard = 0;
      scene.provider.subscribe(() => {
        throw new Error('on purpose');
      });
      scene.provider.subscribe(() => heard++);
      await scene.add('a');
      await there('a');
      await scene.add('b');
      await there('b');
      expect(heard).toBeGreaterThan(0);
    });

    test('says nothing after the end', async () => {
      await scene.add('a');
      await scene.provider.start(ending.signal);
      let heard = 0;
      scene.provider.subscribe(() => heard++);
      const last = scene.provider.workloads();
      ending.abort();
      await soon(() => expect(scene.provider.health().state).toBe('stopped'));
      await scene.add('b');
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(heard).toBe(0);
      expect(scene.provider.workloads()).toEqual(last);
    });

    test('one that is ended before it starts does not stay', async () => {
      ending.abort();
      await scene.provider.start(ending.signal).catch(() => undefined);
      expect(scene.provider.health().state).toBe('stopped');
    });
  });
}
