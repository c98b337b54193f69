// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary } from './binaries.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Program } from './program.ts';

const stage = (name: string, kind: 'Node' | 'Pod', selector: object, next: object, delayMs = 0): object => ({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: { name },
  spec: {
    resourceRef: { apiGroup: 'v1', kind },
    selector,
    ...(delayMs === 0 ? {} : { delay: { durationMilliseconds: delayMs } }),
    next,
  },
});

const absent = (key: string): object => ({ key, operator: 'DoesNotExist' });
const present = (key: string): object => ({ key, operator: 'Exists' });

/** What becomes of a fake node and of a pod on it: ready at once, gone when it is deleted. */
const stages = [
  stage(
    'node-ready',
    'Node',
    {
      matchExpressions: [
        { key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: 'NotIn', values: ['True'] },
      ],
    },
    {
      statusTemplate: `
conditions:
- type: Ready
  status: "True"
  reason: FakeNode
  message: nothing runs here
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ Now | Quote }}
addresses:
- type: InternalIP
  address: {{ with .status.addresses }}{{ ( index . 0 ).address | Quote }}{{ else }}{{ NodeIP | Quote }}{{ end }}
`,
    },
  ),
  stage(
    'pod-ready',
    'Pod',
    { matchExpressions: [absent('.metadata.deletionTimestamp'), absent('.status.podIP')] },
    {
      statusTemplate: `
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
conditions:
- type: Ready
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  containerID: containerd://{{ sha256sum ( printf "%s/%s" $.metadata.uid .name ) }}
  ready: true
  started: true
  restartCount: 0
  state: { running: { startedAt: {{ $now | Quote }} } }
{{ end }}
`,
    },
  ),
  stage(
    'pod-delete',
    'Pod',
    { matchExpressions: [present('.metadata.deletionTimestamp'), absent('.metadata.finalizers')] },
    { delete: true },
  ),
];

/** Fake nodes: kwok says of each of them, and of the pods there, that they are well. */
export function startKwok(plane: ControlPlane): Program {
  const config = join(plane.folder, 'stages.yaml');
  writeFileSync(config, stages.map((one) => JSON.stringify(one)).join('\n---\n'));
  return plane.start('kwok', binary('kwok'), [
    `--kubeconfig=${join(plane.folder, 'keys/admin.kubeconfig')}`,
    `--config=${config}`,
    '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
    ...['--manage-all-nodes=false', '--cidr=10.128.0.0/9', '--node-ip=10.0.0.1', '--node-lease-duration-seconds=40'],
    '--server-address=127.0.0.1:0',
  ]);
}

export const fakeNode = (name: string): object => ({
  metadata: {
    name,
    labels: { 'kubernetes.io/os': 'linux', 'kubernetes.io/hostname': name },
    annotations: { 'kwok.x-k8s.io/node': 'fake' },
  },
  spec: { taints: [{ key: 'kwok.x-k8s.io/node', value: 'fake', effect: 'NoSchedule' }] },
  status: {
    allocatable: { cpu: '32', memory: '256Gi', pods: '110' },
    capacity: { cpu: '32', memory: '256Gi', pods: '110' },
  },
});
