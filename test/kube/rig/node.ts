// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary, whyNoBinary } from './binaries.ts';
import { makeLeaf } from './certificates.ts';
import { makeCgroupRoot, ownCgroupRoot, removeCgroupRoot, sweepCgroupRoots } from './cgroup-root.ts';
import { whyNoCluster } from './cluster.ts';
import type { ControlPlane } from './control-plane.ts';
import { IMAGE, makeImage } from './image.ts';
import { freePorts } from './ports.ts';
import { waitFor } from './program.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Why there can be no node with a kubelet here; null where there can. */
export function whyNoNode(): string | null {
  if (process.getuid?.() !== 0) return 'a kubelet takes root';
  if (!existsSync('/bin/busybox')) return 'busybox is missing: run scripts/install test';
  if (!existsSync(`${root}build/bpf/workloads.bpf.o`)) return 'build/bpf/workloads.bpf.o is missing: run make build';
  return whyNoCluster() ?? whyNoBinary('kubelet');
}

/** A node of the cluster that runs containers for real: kubelet and containerd. Pods use the host's network. */
export interface RealNode {
  readonly name: string;
  /** Where the kubelet answers, with a certificate of the cluster's authority. */
  readonly kubelet: string;
  /** Manifests put here become static pods. */
  readonly staticPods: string;
  /** Cgroup, in all hierarchies, that its pods are below: `/NAME`. */
  readonly cgroupRoot: string;
  end(): Promise<void>;
}

function containerdConfig(folder: string, bin: string): string {
  const images = `plugins.'io.containerd.cri.v1.images'`;
  const runtime = `plugins.'io.containerd.cri.v1.runtime'`;
  return `version = 3
root = '${folder}/data'
state = '${folder}/state'
disabled_plugins = ['io.containerd.nri.v1.nri']
[grpc]
address = '${folder}/c.sock'
[${images}]
snapshotter = 'native'
[${images}.pinned_images]
sandbox = '${IMAGE}'
[${runtime}]
restrict_oom_score_adj = true
[${runtime}.containerd.runtimes.runc]
runtime_type = 'io.containerd.runc.v2'
[${runtime}.containerd.runtimes.runc.options]
BinaryName = '${bin}/runc'
SystemdCgroup = false
`;
}

export async function startNode(plane: ControlPlane): Promise<RealNode> {
  // Short: sockets in it may have 107 characters.
  const folder = mkdtempSync(join(plane.folder, 'n-'));
  const name = `real-${process.pid}`;
  const cgroupRoot = ownCgroupRoot();
  const bin = execFileSync(`${root}scripts/containers`, { encoding: 'utf8' }).trim();
  const staticPods = join(folder, 'static');
  for (const path of [staticPods, join(folder, 'logs'), join(folder, 'plugins')]) mkdirSync(path);
  writeFileSync(join(folder, 'resolv.conf'), '');
  writeFileSync(join(folder, 'containerd.toml'), containerdConfig(folder, bin));
  const [port] = await freePorts(1);
  const serving = makeLeaf(folder, plane.authority, { name: 'kubelet', commonName: name, names: 'IP:127.0.0.1' });
  const kubeconfig = plane.kubeconfig('kubelet', plane.clientCertificate(`system:node:${name}`, 'system:nodes'));
  const config = {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    address: '127.0.0.1',
    port,
    healthzPort: 0,
    tlsCertFile: serving.certificate,
    tlsPrivateKeyFile: serving.key,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: plane.authority.certificate },
    },
    authorization: { mode: 'Webhook' },
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroupRoot}`,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '0.1%', 'imagefs.available': '0.1%' },
    containerRuntimeEndpoint: `unix://${folder}/c.sock`,
    staticPodPath: staticPods,
    fileCheckFrequency: '1s',
    podLogsDir: join(folder, 'logs'),
    volumePluginDir: join(folder, 'plugins'),
    resolvConf: join(folder, 'resolv.conf'),
  };
  writeFileSync(join(folder, 'kubelet.json'), JSON.stringify(config));
  const archive = makeImage(folder);
  sweepCgroupRoots();
  makeCgroupRoot(cgroupRoot);

  // A namespace of processes of its own: containers end with it, and it with this process. Its mounts go with it too.
  const script = `mount --make-rprivate / && cd ${folder}
${bin}/containerd -c containerd.toml >containerd.log 2>&1 &
until ${bin}/ctr -a ${folder}/c.sock -n k8s.io images import ${archive} >import.log 2>&1; do sleep 0.2; done
exec ${binary('kubelet')} --config=kubelet.json --kubeconfig=${kubeconfig} --hostname-override=${name} --root-dir=${folder}/kubelet`;
  const shell = ['--pid', '--mount', '--fork', '--kill-child=KILL', '--mount-proc', 'sh', '-c', script];
  const path = `${bin}:${process.env.PATH}`;
  const kubelet = plane.start('kubelet', 'unshare', shell, { PATH: path });
  const end = async (): Promise<void> => {
    await kubelet.end();
    await plane.admin.raw('DELETE', `/api/v1/nodes/${name}`);
    await waitFor(
      'the containers to end',
      () => {
        removeCgroupRoot(cgroupRoot);
        return true;
      },
      [],
      30_000,
    );
  };
  try {
    const registered = async (): Promise<boolean> =>
      (await plane.admin.raw('GET', `/api/v1/nodes/${name}`)).status === 200;
    await waitFor('the node', registered, [kubelet], 120_000);
  } catch (error) {
    await end();
    throw error;
  }
  return { name, kubelet: `https://127.0.0.1:${port}`, staticPods, cgroupRoot: `/${cgroupRoot}`, end };
}
