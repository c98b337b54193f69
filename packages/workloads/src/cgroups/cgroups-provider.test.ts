// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FakeCgroups, fakeCgroups } from '../testing/fake-cgroups.ts';
import { testProvider } from '../testing/provider-contract.ts';
import { createCgroupsProvider, UNSUPPORTED } from './cgroups-provider.ts';

// A busy machine is no failure.
vi.setConfig({ testTimeout: 60_000 });
const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 20 });

const UID = '20da609e-6973-4463-a1f9-2db9bcc5becc';
const ID = '10ec3c89629f71226b227e6510b2d465168b24005bbdcc5d7940517080830635';

// A name of a cgroup has no slash and no newline; everything else may be in it.
testProvider(
  'cgroups, plain',
  async () => {
    const kernel = fakeCgroups();
    return {
      provider: createCgroupsProvider(kernel),
      add: async (name) => kernel.mkdir(name),
      remove: async (name) => kernel.rmdir(name),
      close: async () => kernel.close(),
    };
  },
  { hostileName: 'with space, "quote" and \u001b[2J' },
);

testProvider(
  'cgroups, pods',
  async () => {
    const kernel = fakeCgroups();
    kernel.mkdir('kubepods');
    let serial = 0;
    return {
      provider: createCgroupsProvider(kernel),
      add: async (name) => kernel.mkdir(`kubepods/pod${name}`),
      change: async (name) => kernel.mkdir(`kubepods/pod${name}/${serial++}`),
      remove: async (name) => kernel.rmdir(`kubepods/pod${name}`),
      close: async () => kernel.close(),
    };
  },
  { hostileName: '3f1e5b9c7d2a4f6088c1d2e3f4a5b6c7', namesAreUids: true },
);

describe('cgroups', () => {
  let kernel: FakeCgroups;
  let ending: AbortController;
  beforeEach(() => {
    kernel = fakeCgroups();
    ending = new AbortController();
  });
  afterEach(() => {
    ending.abort();
    kernel.close();
  });

  const started = async (options: Partial<Parameters<typeof createCgroupsProvider>[0]> = {}) => {
    const provider = createCgroupsProvider({ ...kernel, ...options });
    await provider.start(ending.signal);
    return provider;
  };
  const shape = (provider: Awaited<ReturnType<typeof started>>) =>
    provider
      .workloads()
      .map(({ namespace, name, labels, qosClass, containers }) => ({
        namespace,
        name,
        labels: { ...labels },
        qosClass,
        containers: containers.map((container) => `${container.name} ${container.id} ${container.cgroupPath}`),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));

  test('makes workloads of what is there', async () => {
    for (const path of [
      'system.slice',
      'system.slice/nginx.service',
      'system.slice/nginx.service/worker',
      `system.slice/docker-${ID}.scope`,
      'kubepods',
      'kubepods/burstable',
      `kubepods/burstable/pod${UID}`,
      `kubepods/burstable/pod${UID}/${ID}`,
      'batch',
    ])
      kernel.mkdir(path);
    const short = ID.slice(0, 12);
    const docker = { slice: 'system.slice', runtime: 'docker', container: short };
    expect(shape(await started())).toEqual([
      {
        namespace: 'system.slice',
        name: short,
        labels: docker,
        qosClass: null,
        containers: [`${short} ${ID} /system.slice/docker-${ID}.scope`],
      },
      {
        namespace: '',
        name: UID,
        labels: {},
        qosClass: 'Burstable',
        containers: [`${short} ${ID} /kubepods/burstable/pod${UID}/${ID}`],
      },
      { namespace: '', name: 'batch', labels: {}, qosClass: null, containers: ['batch  /batch'] },
      {
        namespace: 'system.slice',
        name: 'nginx.service',
        labels: { unit: 'nginx.service', slice: 'system.slice' },
        qosClass: null,
        containers: ['nginx.service  /system.slice/nginx.service'],
      },
    ]);
  });

  test('a pod is known before its first container', async () => {
    kernel.mkdir('kubepods');
    const provider = await started();
    kernel.mkdir(`kubepods/pod${UID}`);
    await soon(() => expect(provider.workloads()).toMatchObject([{ uid: UID, containers: [] }]));
    expect(provider.workloads()[0].cgroupId).toMatch(/^[0-9]+$/);
  });

  test('a lost event is repaired by a pass, and counted', async () => {
    kernel.mkdir('old');
    const provider = await started();
    kernel.mkdir('unheard', true);
    kernel.rmdir('old', true);
    await soon(() => expect(provider.workloads().map(({ name }) => name)).toEqual(['unheard']));
    expect(provider.health()).toMatchObject({ state: 'ready', repairs: 1 });
  });

  test('without events a pass finds what is new, and the health says so', async () => {
    const lines: string[] = [];
    const provider = await started({
      openEvents: () => {
        throw new Error('no CAP_BPF');
      },
      passWithoutEventsMs: 50,
      onLog: (line) => lines.push(line),
    });
    expect(provider.health()).toMatchObject({ state: 'degraded', message: expect.stringContaining('no CAP_BPF') });
    expect(lines).toHaveLength(1);
    kernel.mkdir('new');
    await soon(() => expect(provider.workloads()).toHaveLength(1));
  });

  test('a slow pass runs whatever the events say', async () => {
    const heard = kernel.openEvents();
    const drain = () => heard.drain().slice(0, 0);
    const silent = { ...heard, lost: 0, drain };
    const provider = await started({ openEvents: () => silent, passEveryMs: 100 });
    kernel.mkdir('new');
    await soon(() => expect(provider.workloads()).toHaveLength(1));
    expect(provider.health().repairs).toBe(0);
  });

  test('cgroups that come and go during a pass are neither missed nor kept', async () => {
    for (let i = 0; i < 300; i++) kernel.mkdir(`a${i}`);
    const provider = createCgroupsProvider(kernel);
    const starting = provider.start(ending.signal);
    for (let i = 0; i < 300; i += 2) kernel.rmdir(`a${i}`);
    for (let i = 0; i < 50; i++) kernel.mkdir(`b${i}`);
    await starting;
    await soon(() => expect(provider.workloads()).toHaveLength(200));
  });

  test('what comes while passes follow each other is told of', async () => {
    for (let i = 0; i < 3_000; i++) kernel.mkdir(`a${i}`);
    const provider = await started({ passEveryMs: 1 });
    const during: number[] = [];
    let comes = 0;
    provider.subscribe(({ added }) => during.push(...added.map(({ name }) => Number(name.slice(1)))));
    // Passes follow each other: whatever comes, comes during one.
    for (; comes < 20; comes++) {
      kernel.mkdir(`b${comes}`);
      await soon(() => expect(during).toContain(comes));
    }
    expect(provider.workloads()).toHaveLength(3_020);
  });

  test('a pure v1 machine is told in one line', async () => {
    const lines: string[] = [];
    const mountinfo = () => '31 24 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n';
    const provider = await started({ root: null, mountinfo, onLog: (line) => lines.push(line) });
    expect([provider.workloads(), provider.health().state, lines]).toEqual([[], 'unsupported', [UNSUPPORTED]]);
  });

  test('a root that is not there is an error that names it', async () => {
    await expect(started({ root: '/nowhere/at/all' })).rejects.toThrow('/nowhere/at/all');
    expect(existsSync('/nowhere/at/all')).toBe(false);
  });
});
