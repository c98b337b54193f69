// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { testProvider } from '../testing/provider-contract.ts';
import { describeCgroups, type RealCgroups, realCgroups, workloadsObject } from '../testing/real-cgroups.ts';
import { type CgroupEvents, openCgroupEvents } from './cgroup-events.ts';
import { createCgroupsProvider } from './cgroups-provider.ts';
import { cgroupIdOf } from './walk.ts';

// A busy machine is no failure.
vi.setConfig({ testTimeout: 60_000 });
const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 20 });

const ID = '10ec3c89629f71226b227e6510b2d465168b24005bbdcc5d7940517080830635';
const UID = '20da609e-6973-4463-a1f9-2db9bcc5becc';
const SLICE = `kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;

describeCgroups('events of the kernel about cgroups', () => {
  let cgroups: RealCgroups;
  let events: CgroupEvents;
  beforeEach(() => {
    cgroups = realCgroups();
    events = openCgroupEvents(workloadsObject);
  });
  afterEach(async () => {
    events.close();
    await cgroups.close();
  });

  /** Events below our own folder: other tests and the machine make cgroups too. */
  const ours = () => {
    const known = new Set([cgroupIdOf(cgroups.folder)]);
    return events.drain().filter(({ id, parentId }) => {
      if (!known.has(parentId)) return false;
      known.add(id);
      return true;
    });
  };

  test('tell of what comes and goes with number, parent and name', async () => {
    const slice = cgroups.mkdir('a.slice');
    const service = cgroups.mkdir('a.slice/b.service');
    const [sliceId, serviceId] = [cgroupIdOf(slice), cgroupIdOf(service)];
    cgroups.rmdir('a.slice/b.service');
    expect(await events.wait(1_000)).toBe(true);
    const parentId = cgroupIdOf(cgroups.folder);
    expect(ours()).toEqual([
      { kind: 'mkdir', id: sliceId, parentId, name: 'a.slice' },
      { kind: 'mkdir', id: serviceId, parentId: sliceId, name: 'b.service' },
      { kind: 'rmdir', id: serviceId, parentId: sliceId, name: 'b.service' },
    ]);
    expect(events.lost).toBe(0);
  });

  test('names of any bytes and of any length arrive', () => {
    const names = ['a', 'ab', 'abc', 'with space "and" $(x)', '\u001b[2J', 'é'.repeat(127), 'x'.repeat(255), '事'];
    for (const name of names) cgroups.mkdir(name);
    mkdirSync(Buffer.concat([Buffer.from(`${cgroups.folder}/`), Buffer.from([0x61, 0xff, 0xc3])]));
    expect(ours().map(({ name }) => name)).toEqual([...names, 'a\\xff\\xc3']);
  });

  test('more than there is room for is counted', () => {
    const folder = cgroups.mkdir('many');
    for (let i = 0; i < 700; i++) {
      mkdirSync(join(folder, `${i}`));
      rmdirSync(join(folder, `${i}`));
    }
    expect(events.lost).toBeGreaterThan(0);
    const lost = events.lost;
    events.drain();
    mkdirSync(join(folder, 'after'));
    expect(events.drain().map(({ name }) => name)).toContain('after');
    expect(events.lost).toBe(lost);
  });

  test('closing ends a wait', async () => {
    const waiting = events.wait(1_000);
    events.close();
    await waiting;
    expect([events.drain(), await events.wait(1_000)]).toEqual([[], false]);
  });
});

describeCgroups('the provider on cgroups of this machine', () => {
  const scene = (below: string) => async () => {
    const cgroups = realCgroups();
    cgroups.mkdir(below);
    const root = cgroups.folder;
    let serial = 0;
    const prefix = below === '.' ? '' : `${below}/pod`;
    return {
      provider: createCgroupsProvider({ root, openEvents: () => openCgroupEvents(workloadsObject) }),
      add: async (name: string) => {
        cgroups.mkdir(`${prefix}${name}`);
      },
      ...(below === '.' ? {} : { change: async (name: string) => void cgroups.mkdir(`${prefix}${name}/${serial++}`) }),
      remove: async (name: string) => {
        if (below !== '.') for (let i = 0; i < serial; i++) tryRemove(() => cgroups.rmdir(`${prefix}${name}/${i}`));
        cgroups.rmdir(`${prefix}${name}`);
      },
      close: () => cgroups.close(),
    };
  };
  testProvider('cgroups, plain, real', scene('.'), { hostileName: 'with space, "quote" and \u001b[2J' });
  testProvider('cgroups, pods, real', scene('kubepods'), { hostileName: 'abc-1', namesAreUids: true });

  test('follows the whole hierarchy: a pod of three levels, from its folder on', async () => {
    const cgroups = realCgroups();
    const ending = new AbortController();
    onTestFinished(async () => {
      ending.abort();
      await cgroups.close();
    });
    const provider = createCgroupsProvider({ openEvents: () => openCgroupEvents(workloadsObject) });
    await provider.start(ending.signal);
    expect(provider.health()).toEqual({ state: 'ready', message: '', repairs: 0, ageMs: 0 });
    const pod = cgroups.mkdir(`kubepods.slice/kubepods-burstable.slice/${SLICE}`);
    const found = () => provider.workloads().find(({ uid }) => uid === UID);
    await soon(() =>
      expect(found()).toMatchObject({ cgroupId: cgroupIdOf(pod), qosClass: 'Burstable', containers: [] }),
    );
    const scope = `kubepods.slice/kubepods-burstable.slice/${SLICE}/cri-containerd-${ID}.scope`;
    const container = cgroups.mkdir(scope);
    await soon(() =>
      expect(found()?.containers).toEqual([
        { name: ID.slice(0, 12), id: ID, cgroupPath: `/${cgroups.name}/${scope}`, cgroupId: cgroupIdOf(container) },
      ]),
    );
    cgroups.rmdir(scope);
    cgroups.rmdir(`kubepods.slice/kubepods-burstable.slice/${SLICE}`);
    await soon(() => expect(found()).toBeUndefined());
  });
});

function tryRemove(remove: () => void): void {
  try {
    remove();
  } catch {
    // not one of this pod's
  }
}
