// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../agent-error.ts';

export interface NodeNameSources {
  /** `workloads.nodeName`; empty is not said. */
  readonly config: string;
  readonly env: NodeJS.ProcessEnv;
  readonly hostname: string;
}

/** What this node is called where nothing depends on it. */
export const nodeNameOr = ({ config, env, hostname }: NodeNameSources): string => config || env.NODE_NAME || hostname;

/** A DNS subdomain (RFC 1123), as the API server wants it. Others would also say more in a selector than a name. */
const NODE_NAME = /^[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?$/;

function checked(name: string): string {
  if (NODE_NAME.test(name)) return name;
  throw new AgentError(
    `no node of a cluster can be called ${JSON.stringify(name.slice(0, 300))}: names have small letters, digits, - and .; set workloads.nodeName or NODE_NAME to what kubectl get nodes shows`,
  );
}

/**
 * The name by which the API server knows this node. A kubelet takes the host name in small letters where it is told no
 * other; in a pod the host name is the pod's.
 * @throws AgentError where nobody says it, or it is none
 */
export function nodeNameOf({ config, env, hostname }: NodeNameSources, inPod: boolean): string {
  const said = config || env.NODE_NAME || '';
  if (said !== '') return checked(said);
  if (inPod)
    throw new AgentError(
      'workloads.source is kubernetes, and the name of this node is not known: set NODE_NAME in the pod from fieldRef spec.nodeName, or workloads.nodeName',
    );
  return checked(hostname.toLowerCase());
}
