// SPDX-License-Identifier: Apache-2.0
import type { Access } from './access.ts';
import { inCluster, isInCluster } from './in-cluster.ts';
import { defaultKubeconfig, fromKubeconfig } from './kubeconfig.ts';

export interface OwnAccess {
  /** File; empty is the service account where this is a pod, else KUBECONFIG or `~/.kube/config`. */
  readonly kubeconfig: string;
  /** Of the kubeconfig; empty is its current one. */
  readonly context: string;
}

/** Access as somebody who runs here expects it. @throws KubeError */
export function ownAccess({ kubeconfig, context }: OwnAccess, env: NodeJS.ProcessEnv = process.env): Promise<Access> {
  if (kubeconfig === '' && isInCluster(env)) return inCluster(env);
  const paths = kubeconfig === '' ? defaultKubeconfig(env) : [kubeconfig];
  return fromKubeconfig(paths, { env, ...(context === '' ? {} : { context }) });
}
