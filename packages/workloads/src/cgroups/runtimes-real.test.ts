// SPDX-License-Identifier: Apache-2.0
/** What those do who put tasks into cgroups on real nodes: a runtime of containers, and systemd. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readThreads } from '../tasks.ts';
import { describeCgroups, type RealCgroups, realCgroups, workloadsObject } from '../testing/real-cgroups.ts';
import { openCgroupEvents } from './cgroup-events.ts';
import { createCgroupsProvider } from './cgroups-provider.ts';
import { openPlacedTasks, type PlacedTask, type PlacedTasks } from './placed-tasks.ts';
import { cgroupIdOf } from './walk.ts';

// A busy machine is no failure; what is missing is fetched.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
const soon = (check: () => unknown): Promise<void> =>
  vi.waitFor(async () => void (await check()), { timeout: 60_000, interval: 50 });

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const ID = 'ab'.repeat(32);

/** A bundle of the OCI whose only program is sleep, from this machine's own /usr. */
function makeBundle(folder: string): void {
  for (const name of ['usr', 'proc', 'dev']) mkdirSync(join(folder, 'root', name), { recursive: true });
  for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(folder, 'root', name));
  const config = {
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, args: ['/bin/sleep', '600'], env: ['PATH=/bin'], cwd: '/' },
    root: { path: 'root' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/usr', type: 'none', source: '/usr', options: ['rbind', 'ro'] },
    ],
    linux: { cgroupsPath: `/docker/${ID}`, namespaces: [{ type: 'pid' }, { type: 'mount' }] },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
}

describeCgroups('tasks that are put into cgroups by', () => {
  let cgroups: RealCgroups;
  let placed: PlacedTasks;
  let folder: string;
  let shell: ChildProcess | null;
  const heard: PlacedTask[] = [];
  let ending: AbortController;
  beforeEach(() => {
    cgroups = realCgroups();
    folder = mkdtempSync(join(tmpdir(), 'gthulhu-runtime.'));
    placed = openPlacedTasks(workloadsObject);
    heard.length = 0;
    ending = new AbortController();
    shell = null;
  });
  afterEach(async () => {
    ending.abort();
    placed.close();
    shell?.kill('SIGKILL');
    await cgroups.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Who runs below the folder sees a machine with cgroup v2 alone, and the folder as its root. */
  function inFolder(script: string, ...flags: string[]): (line: string) => void {
    const whole = `echo $$ >${cgroups.folder}/cgroup.procs
exec unshare --cgroup --mount ${flags.join(' ')} sh -ec '
umount -l /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
${script}'`;
    const started = spawn('sh', ['-ec', whole], { stdio: ['pipe', 'ignore', 'inherit'] });
    shell = started;
    return (line) => started.stdin?.write(`${line}\n`);
  }

  const toldOf = (cgroupId: string): PlacedTask[] => {
    heard.push(...placed.drain());
    return heard.filter((task) => task.cgroupId === cgroupId);
  };

  test('runc exec are told of, in the cgroup of the container', async () => {
    const bin = execFileSync(join(root, 'scripts/containers'), { encoding: 'utf8' }).trim();
    makeBundle(folder);
    const runc = `${bin}/runc --root ${folder}/state`;
    const tell = inFolder(`cd ${folder}
${runc} run -d --pid-file pid box </dev/null >run.log 2>&1
read go
${runc} exec -d --pid-file exec-pid box /bin/sleep 601 </dev/null >exec.log 2>&1
read end`);
    const pidOf = (file: string): number => Number(readFileSync(join(folder, file), 'utf8'));
    await soon(() => expect(pidOf('pid')).toBeGreaterThan(0));
    const container = join(cgroups.folder, 'docker', ID);
    const cgroupId = cgroupIdOf(container);
    await soon(() => expect(toldOf(cgroupId).some(({ comm }) => comm === 'sleep')).toBe(true));
    tell('go');
    await soon(() => expect(pidOf('exec-pid')).toBeGreaterThan(0));
    const entered = pidOf('exec-pid');
    const ofIt = (): PlacedTask[] => toldOf(cgroupId).filter(({ tgid }) => tgid === entered);
    await soon(() => expect(ofIt().map(({ kind, comm }) => `${kind} ${comm}`)).toContain('exec sleep'));
    // It came by a move or by its birth, before it became what it is.
    expect(['attach', 'fork']).toContain(ofIt()[0].kind);
    expect(readThreads(container)?.threads.map(({ pid }) => pid)).toContain(entered);
  });

  test('systemd-run are told of, and the unit is a workload', async () => {
    const provider = createCgroupsProvider({
      root: cgroups.folder,
      openEvents: () => openCgroupEvents(workloadsObject),
    });
    await provider.start(ending.signal);
    const units = join(folder, 'units');
    mkdirSync(units);
    writeFileSync(join(units, 'nothing.target'), '[Unit]\nDefaultDependencies=no\n');
    inFolder(
      `mount -o remount,bind,ro /
mount -t tmpfs none /run
container=gthulhu SYSTEMD_UNIT_PATH=${units} exec /lib/systemd/systemd --unit=nothing.target --log-target=null`,
      '--pid --uts --fork --kill-child=KILL --mount-proc',
    );
    // The child of unshare is the first process of its namespace.
    const first = async (): Promise<string> => {
      const pid = `${shell?.pid}`;
      return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    };
    const run = async (...args: string[]): Promise<unknown> =>
      promisify(execFile)('nsenter', ['-m', '-p', '-C', '-t', await first(), 'systemd-run', ...args]);
    await soon(() => run('--unit=job', '--property=DefaultDependencies=no', 'sleep', '602'));
    const scope = run('--scope', '--unit=batch', 'sleep', '603').catch(() => {});
    for (const unit of ['job.service', 'batch.scope']) {
      const path = join(cgroups.folder, 'system.slice', unit);
      await soon(() =>
        expect(toldOf(cgroupIdOf(path)).map(({ kind, comm }) => `${kind} ${comm}`)).toContain('exec sleep'),
      );
      await soon(() => expect(provider.workloads().map(({ labels }) => labels.unit)).toContain(unit));
    }
    shell?.kill('SIGKILL');
    await scope;
  });
});
