// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Admin, connectAdmin } from './admin.ts';
import { binary } from './binaries.ts';
import { makeAuthority, makeLeaf, makeTokenKey, type Pair } from './certificates.ts';
import { freePorts } from './ports.ts';
import { type Program, startProgram, waitFor } from './program.ts';

export interface ControlPlane {
  readonly folder: string;
  readonly server: string;
  readonly authority: Pair;
  readonly admin: Admin;
  readonly programs: readonly Program[];
  /** The API server's own record of the requests of service accounts: one JSON object a line (audit.k8s.io/v1 Event). */
  readonly audit: string;
  /** Kills the API server and starts it again at the same port. */
  restartApi(whileDown?: () => Promise<void>): Promise<void>;
  /** A client certificate of this cluster's authority. */
  clientCertificate(commonName: string, organisation?: string, days?: number): Pair;
  /** Writes a kubeconfig with a client certificate and returns its path. */
  kubeconfig(name: string, pair: Pair): string;
  start(name: string, file: string, args: readonly string[], env?: NodeJS.ProcessEnv): Program;
  end(): Promise<void>;
}

/** Who asked for what, of the accounts that tests make. */
const auditOfTests = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', userGroups: ['system:serviceaccounts:kube-system'] },
    { level: 'Metadata', userGroups: ['system:serviceaccounts'] },
    { level: 'None' },
  ],
};

export interface ControlPlaneOptions {
  /** Where the API server listens, and what it calls itself: that nodes of another network namespace reach it. */
  readonly address?: string;
}

/** etcd, API server, controller manager and scheduler on loopback, with RBAC; ready for pods when it returns. */
export async function startControlPlane(
  folder: string,
  { address = '127.0.0.1' }: ControlPlaneOptions = {},
): Promise<ControlPlane> {
  const kube = binary('kube');
  const keys = join(folder, 'keys');
  mkdirSync(keys);
  const [etcdPort, etcdPeer, apiPort, managerPort, schedulerPort] = await freePorts(5);
  const server = `https://${address}:${apiPort}`;

  const authority = makeAuthority(keys, 'cluster');
  const frontAuthority = makeAuthority(keys, 'front');
  const tokenKey = makeTokenKey(keys);
  const front = makeLeaf(keys, frontAuthority, { name: 'front-proxy', commonName: 'front-proxy-client' });
  const serving = makeLeaf(keys, authority, {
    name: 'apiserver',
    commonName: 'kube-apiserver',
    names: `IP:127.0.0.1,IP:${address},IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc`,
  });
  const client = (name: string, commonName: string, organisation?: string): Pair =>
    makeLeaf(keys, authority, { name, commonName, ...(organisation === undefined ? {} : { organisation }) });
  const adminPair = client('admin', 'kubernetes-admin', 'system:masters');

  const kubeconfig = (name: string, pair: Pair): string => {
    const file = join(keys, `${name}.kubeconfig`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority': authority.certificate } }],
      users: [{ name, user: { 'client-certificate': pair.certificate, 'client-key': pair.key } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
      'current-context': 'test',
    };
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  };
  kubeconfig('admin', adminPair);

  const programs: Program[] = [];
  const start: ControlPlane['start'] = (name, file, args, more = {}) => {
    const env = { GOMAXPROCS: '2', ...more };
    const program = startProgram({ name, file, args, env, logFile: join(folder, `${name}.log`), cwd: folder });
    programs.push(program);
    return {
      ...program,
      get ended() {
        return program.ended;
      },
      async end() {
        const at = programs.indexOf(program);
        if (at >= 0) programs.splice(at, 1);
        await program.end();
      },
    };
  };
  const end = async (): Promise<void> => {
    await Promise.all(programs.splice(0).map((program) => program.end()));
  };

  const audit = join(folder, 'audit.log');
  const auditPolicy = join(folder, 'audit-policy.json');
  writeFileSync(auditPolicy, JSON.stringify(auditOfTests));
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const peerUrl = `http://127.0.0.1:${etcdPeer}`;
  const startApi = (): Program =>
    start('apiserver', kube, [
      'kube-apiserver',
      `--bind-address=${address === '127.0.0.1' ? address : '0.0.0.0'}`,
      `--advertise-address=${address}`,
      `--secure-port=${apiPort}`,
      `--endpoint-reconciler-type=${address === '127.0.0.1' ? 'none' : 'lease'}`,
      `--etcd-servers=${etcdUrl}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      `--audit-policy-file=${auditPolicy}`,
      `--audit-log-path=${audit}`,
      '--allow-privileged=true',
      `--client-ca-file=${authority.certificate}`,
      `--tls-cert-file=${serving.certificate}`,
      `--tls-private-key-file=${serving.key}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${tokenKey.certificate}`,
      `--service-account-signing-key-file=${tokenKey.key}`,
      `--requestheader-client-ca-file=${frontAuthority.certificate}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      `--proxy-client-cert-file=${front.certificate}`,
      `--proxy-client-key-file=${front.key}`,
      `--kubelet-client-certificate=${adminPair.certificate}`,
      `--kubelet-client-key=${adminPair.key}`,
    ]);

  try {
    const etcd = start('etcd', kube, [
      ...['etcd', '--name=test', `--data-dir=${join(folder, 'etcd')}`, '--unsafe-no-fsync', '--logger=zap'],
      ...['--log-level=warn', `--listen-client-urls=${etcdUrl}`, `--advertise-client-urls=${etcdUrl}`],
      ...[`--listen-peer-urls=${peerUrl}`, `--initial-advertise-peer-urls=${peerUrl}`],
      `--initial-cluster=test=${peerUrl}`,
    ]);
    let api = startApi();
    const admin = connectAdmin(server, {
      ca: readFileSync(authority.certificate),
      cert: readFileSync(adminPair.certificate),
      key: readFileSync(adminPair.key),
    });
    const ready = (): Promise<void> =>
      waitFor('the API server', async () => (await admin.raw('GET', '/readyz')).status === 200, [etcd, api]);
    await ready();

    for (const [name, port, more] of [
      [
        'controller-manager',
        managerPort,
        [
          '--use-service-account-credentials=true',
          `--service-account-private-key-file=${tokenKey.key}`,
          `--root-ca-file=${authority.certificate}`,
          `--cluster-signing-cert-file=${authority.certificate}`,
          `--cluster-signing-key-file=${authority.key}`,
        ],
      ],
      ['scheduler', schedulerPort, []],
    ] as const) {
      const config = kubeconfig(name, client(name, `system:kube-${name}`));
      start(name, kube, [
        ...[`kube-${name}`, '--leader-elect=false', '--bind-address=127.0.0.1', `--secure-port=${port}`],
        ...['', 'authentication-', 'authorization-'].map((use) => `--${use}kubeconfig=${config}`),
        ...[`--client-ca-file=${authority.certificate}`, ...more],
        `--requestheader-client-ca-file=${frontAuthority.certificate}`,
      ]);
    }
    // Pods are refused before; it comes seconds after readyz.
    const account = '/api/v1/namespaces/default/serviceaccounts/default';
    await waitFor('the first service account', async () => (await admin.raw('GET', account)).status === 200, programs);

    let certificates = 0;
    return {
      folder,
      server,
      authority,
      admin,
      programs,
      audit,
      kubeconfig,
      start,
      end,
      clientCertificate: (commonName, organisation, days) =>
        makeLeaf(keys, authority, {
          name: `client-${++certificates}`,
          commonName,
          ...(organisation === undefined ? {} : { organisation }),
          ...(days === undefined ? {} : { days }),
        }),
      async restartApi(whileDown) {
        await api.end();
        await whileDown?.();
        api = startApi();
        await ready();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}
