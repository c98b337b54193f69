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

/**
 * The name by which the API server knows this node. A kubelet takes the host name in small letters where it is told no
 * other; in a pod the host name is the pod's.
 * @throws AgentError where nobody says it
 */
export function nodeNameOf({ config, env, hostname }: NodeNameSources, inPod: boolean): string {
  const said = config || env.NODE_NAME || '';
  if (said !== '') return said;
  if (inPod)
    throw new AgentError(
      'workloads.source is kubernetes, and the name of this node is not known: set NODE_NAME in the pod from fieldRef spec.nodeName, or workloads.nodeName',
    );
  return hostname.toLowerCase();
}
