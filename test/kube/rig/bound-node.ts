// SPDX-License-Identifier: Apache-2.0
import type { ControlPlane } from './control-plane.ts';

/**
 * A node that nobody runs, for pods that name it: those of a node that there is not are collected after some 40 seconds.
 * Nobody says that it is well either, so its pods have to tolerate everything.
 */
export async function makeBoundNode({ admin }: ControlPlane, name: string): Promise<{ end(): Promise<void> }> {
  await admin.create('/api/v1/nodes', { metadata: { name, labels: { 'kubernetes.io/os': 'linux' } } });
  return { end: () => admin.remove(`/api/v1/nodes/${name}`) };
}

/** Pod of such a node, with one container, as a kubelet reports it. @returns its UID */
export async function makeBoundPod(
  { admin }: ControlPlane,
  spacePath: string,
  pod: { readonly name: string; readonly app: string; readonly nodeName: string; readonly containerId: string },
): Promise<string> {
  const { name, app, nodeName, containerId } = pod;
  const made = await admin.create(`${spacePath}/pods`, {
    metadata: { name, labels: { app } },
    spec: { nodeName, tolerations: [{ operator: 'Exists' }], containers: [{ name: 'main', image: 'none' }] },
  });
  const running = { name: 'main', image: 'none', imageID: '', ready: true, restartCount: 0, state: { running: {} } };
  const containerStatuses = [{ ...running, containerID: `containerd://${containerId}` }];
  await admin.patch(`${spacePath}/pods/${name}/status`, { status: { phase: 'Running', containerStatuses } });
  return made.metadata.uid;
}
