// SPDX-License-Identifier: Apache-2.0
export type { Access, Credentials, TlsSettings } from './access/access.ts';
export { atServer, type OtherServer } from './access/at-server.ts';
export { inCluster, isInCluster, SERVICE_ACCOUNT_FOLDER } from './access/in-cluster.ts';
export { defaultKubeconfig, fromKubeconfig, type KubeconfigOptions } from './access/kubeconfig.ts';
export { type OwnAccess, ownAccess } from './access/own-access.ts';
export {
  type ConfigMapFollower,
  type ConfigMapOptions,
  type ConfigMapStatus,
  followConfigMap,
} from './config-map/config-map-follower.ts';
export type { ConfigMapContent } from './config-map/read-config-map.ts';
export { readKept, touchKept, writeKept } from './kept-file.ts';
export { KubeError, type KubeErrorCode, messageOf } from './kube-error.ts';
export { type Client, type ClientOptions, createClient, type GetOptions, type Query } from './rest/client.ts';
export { createLateClient } from './rest/late-client.ts';
export { restMs } from './watch/backoff.ts';
export { keepSmall } from './watch/keep-small.ts';
export { isRecord, type KubeObject, keyOf, type ObjectMeta, readObject } from './watch/kube-object.ts';
export {
  type Change,
  type Reflector,
  type ReflectorOptions,
  type ReflectorStatus,
  startReflector,
} from './watch/reflector.ts';
