// SPDX-License-Identifier: Apache-2.0
/**
 * More watch events than a real API server on a small machine could make: node server.ts CERTIFICATE KEY PODS COUNT RATE.
 * RATE is events a second, 0 as many as are read. Prints its port; ends with its standard input.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [certificate, key, ...numbers] = process.argv.slice(2);
const [pods, count, rate] = numbers.map(Number);
const SLICE_MS = 20;
/** Written at once: a reader that is behind must not get a text without end. */
const MOST_AT_ONCE = 1_000;

/** About as large as pods are: 3 KB, most of it what a node has no use for. */
function pod(n: number, version: number): object {
  const name = `web-${n}`;
  const uid = `20da609e-6973-4463-a1f9-${String(n).padStart(12, '0')}`;
  const image = 'registry.example.org/shop/web@sha256:10ec3c89629f71226b227e6510b2d465168b24005bbdcc5d7940517080830635';
  const env = Array.from({ length: 12 }, (_, i) => ({
    name: `SETTING_${i}`,
    value: `value of setting ${i} of ${name}`,
  }));
  const managedFields = [{ manager: 'kubelet', operation: 'Update', fieldsV1: { f: 'x'.repeat(900) } }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...{ name, namespace: 'shop', uid, resourceVersion: String(version), creationTimestamp: '2026-11-23T05:00:00Z' },
      ...{ labels: { app: 'web', version: String(version) }, annotations: { note: 'x'.repeat(300) }, managedFields },
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'main', image, env }] },
    status: {
      phase: 'Running',
      qosClass: 'Burstable',
      containerStatuses: [{ name: 'main', image, containerID: `containerd://${n}`, state: { running: {} } }],
    },
  };
}

const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;

async function flood(answer: ServerResponse): Promise<void> {
  // Made before: the server shall not be what is measured.
  const made = Array.from({ length: pods }, (_, n) => JSON.stringify({ type: 'MODIFIED', object: pod(n, 7_000_007) }));
  const start = performance.now();
  for (let sent = 0; sent < count; ) {
    const due = rate === 0 ? sent + 200 : Math.floor(((performance.now() - start) / 1000) * rate);
    const upTo = Math.min(due, sent + MOST_AT_ONCE, count);
    let text = '';
    for (; sent < upTo; sent++) text += `${made[sent % pods].replaceAll('7000007', String(1_000_001 + sent))}\n`;
    if (text !== '' && !answer.write(text)) await once(answer, 'drain');
    if (rate !== 0) await sleep(SLICE_MS);
  }
  answer.write(line('DELETED', pod(0, 9_000_000)));
}

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, answer) => {
  answer.writeHead(200, { 'content-type': 'application/json' });
  if (request.url?.includes('watch=true')) {
    flood(answer).catch(() => answer.destroy());
    return;
  }
  const items = Array.from({ length: pods }, (_, n) => pod(n, 1));
  answer.end(JSON.stringify({ kind: 'PodList', metadata: { resourceVersion: '1000000' }, items }));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.on('end', () => process.exit()).resume();
