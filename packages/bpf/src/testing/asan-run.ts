// SPDX-License-Identifier: Apache-2.0
/** Run under AddressSanitizer by asan.test.ts: everything at once, or one deliberate overflow to see that it watches. */
import { native } from '../addon.ts';
import { openDecisions, openRing } from '../index.ts';
import { misuse } from './misuse.ts';
import { loadBasics, producer } from './test-objects.ts';
import { drainTwoRings, terminateInWait } from './threads.ts';

if (process.argv[2] === 'overflow') {
  (native as unknown as { selftestOverflow(): void }).selftestOverflow();
  process.stdout.write('not noticed\n');
} else {
  const object = loadBasics();
  const layout = object.layout('record');
  const ring = openRing(object.map('small_ring').info.fd, layout, ['big', 'tail', 'comm'], 7);
  const produce = producer(object, 'produce_small');
  for (let i = 0; i < 300; i++) {
    produce({ n: 60, start: i });
    while (ring.drain() > 0);
  }
  ring.close();
  const info = object.globals('.bss');
  const decisions = openDecisions(object.programFd('apply'), info, 'decisions', object.layout('decision'), ['pid'], 64);
  decisions.apply(64);
  decisions.close();
  const { complaints, calls } = misuse(5000);
  const reports = await drainTwoRings(object, 500);
  for (let i = 0; i < 5; i++) await terminateInWait(object, producer(object), false);
  process.stdout.write(`${JSON.stringify({ complaints, calls, reports })}\n`);
}
