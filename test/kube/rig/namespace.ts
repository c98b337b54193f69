// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import type { ControlPlane } from './control-plane.ts';
import { waitFor } from './program.ts';

/** A namespace of one test. */
export interface Namespace {
  readonly name: string;
  /** `/api/v1/namespaces/NAME` */
  readonly path: string;
  /** A service account that may do what `rules` say in the whole cluster, and its token. */
  account(rules: readonly Rule[], seconds?: number): Promise<Account>;
  /** Asks for the end of it; the cluster removes what is inside in its own time. */
  end(): Promise<void>;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

export interface Account {
  readonly name: string;
  readonly token: string;
  newToken(seconds?: number): Promise<string>;
  /** Takes its rights away, or gives it others. */
  setRules(rules: readonly Rule[]): Promise<void>;
}

const rbac = '/apis/rbac.authorization.k8s.io/v1';

export async function makeNamespace({ admin }: ControlPlane): Promise<Namespace> {
  const name = `test-${randomBytes(5).toString('hex')}`;
  const path = `/api/v1/namespaces/${name}`;
  await admin.create('/api/v1/namespaces', { metadata: { name } });
  // Pods are refused before; after a crash of the API server it takes seconds.
  const account = async (): Promise<boolean> =>
    (await admin.raw('GET', `${path}/serviceaccounts/default`)).status === 200;
  await waitFor('the service account of a new namespace', account, [], 60_000);
  let accounts = 0;
  return {
    name,
    path,
    async account(rules, seconds = 3600) {
      const account = `account-${++accounts}`;
      const role = `${name}-${account}`;
      await admin.create(`${path}/serviceaccounts`, { metadata: { name: account } });
      await admin.create(`${rbac}/clusterroles`, { metadata: { name: role }, rules });
      await admin.create(`${rbac}/clusterrolebindings`, {
        metadata: { name: role },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ kind: 'ServiceAccount', namespace: name, name: account }],
      });
      const newToken = async (expirationSeconds = seconds): Promise<string> =>
        (await admin.create(`${path}/serviceaccounts/${account}/token`, { spec: { expirationSeconds } })).status.token;
      return {
        name: account,
        token: await newToken(),
        newToken,
        async setRules(changed) {
          await admin.patch(`${rbac}/clusterroles/${role}`, { rules: changed });
        },
      };
    },
    async end() {
      await admin.remove(path);
    },
  };
}
