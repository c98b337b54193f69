// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { whyNoCluster } from '../kube/rig/cluster.ts';
import { waitFor } from '../kube/rig/program.ts';
import { type Mirror, type MirrorOptions, makeMirror, READ } from './mirror.ts';

const obstacle = whyNoCluster();
const status = (code: number, reason: string): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message: `made up ${reason}`, reason, code });

let mirror: Mirror | undefined;
afterEach(async () => {
  await mirror?.end();
  mirror = undefined;
});

/** A mirror that has seen three objects and watches. */
async function start(options: MirrorOptions = {}): Promise<Mirror> {
  mirror = await makeMirror(options);
  for (const name of ['a', 'b', 'c']) await mirror.write(name, 'first');
  await mirror.agree();
  await mirror.watching();
  return mirror;
}

/** Things that happen while nobody can see them: a change, an end, a beginning, and one replaced by its namesake. */
async function meanwhile({ write, remove }: Mirror): Promise<void> {
  await write('a', `second ${performance.now()}`);
  await remove('b');
  await write('d', 'new');
  await remove('c');
  await write('c', 'first');
}

async function again({ write, remove, agree }: Mirror): Promise<void> {
  await write('b', 'back');
  await remove('d');
  await write('a', 'third');
  await agree();
}

describe.skipIf(obstacle !== null && !process.env.CI)(obstacle ?? 'a watch goes on after', () => {
  test('cut connections, from where it was', async () => {
    const { proxy, agree, reflector, watching, write } = await start();
    for (const round of [1, 2, 3]) {
      proxy.fault = () => ({ kind: 'cut' });
      proxy.cut();
      await write('a', `${round}`);
      await write(`new-${round}`, 'new');
      proxy.fault = () => null;
      await agree();
      await watching();
    }
    expect(reflector.status().counts.lists).toBe(1);
    expect(reflector.status().counts.failures).toBeGreaterThanOrEqual(3);
  });

  test('a connection that dies without a word', async () => {
    const mirror = await start({ idleMs: 1_500 });
    mirror.proxy.freeze();
    await meanwhile(mirror);
    await waitFor('the silence to be noticed', () => mirror.problems.some((text) => text.includes('silent for 1.5 s')));
    mirror.proxy.thaw();
    await mirror.agree();
    await again(mirror);
  });

  test('a server that accepts and never answers', async () => {
    const mirror = await start({ idleMs: 1_000 });
    mirror.proxy.freeze();
    mirror.proxy.cut();
    await waitFor('the limit', () => mirror.problems.some((text) => text.includes('did not answer in time')));
    await meanwhile(mirror);
    mirror.proxy.thaw();
    await mirror.agree();
  });

  test('410 in the middle of the stream', async () => {
    const mirror = await start();
    await again(mirror);
    mirror.proxy.inject(`${JSON.stringify({ type: 'ERROR', object: JSON.parse(status(410, 'Expired')) })}\n`);
    await meanwhile(mirror);
    await mirror.agree();
    expect(mirror.reflector.status().counts.lists).toBe(2);
  });

  test("the real server's own 410", async () => {
    const mirror = await start();
    // A server keeps changes since its start only.
    await mirror.plane.restartApi();
    await mirror.agree();
    // A slow restart may have taken a new list already.
    const { lists } = mirror.reflector.status().counts;
    let asked = 0;
    mirror.proxy.fault = ({ watch }) =>
      watch && asked++ === 0 ? { kind: 'ask', query: { resourceVersion: '1' } } : null;
    mirror.proxy.cut();
    await meanwhile(mirror);
    await waitFor('the new list', () => mirror.reflector.status().counts.lists > lists);
    await mirror.agree();
    expect(mirror.problems.some((text) => text.includes('too old resource version'))).toBe(true);
    const relist = mirror.proxy.seen.filter(({ watch }) => !watch).at(-1);
    expect(relist?.query.get('resourceVersion')).toBeNull();
  });

  test.each([410, 429, 500, 502, 503])('%i on a new watch', async (code) => {
    const mirror = await start();
    let left = 3;
    const asked: number[] = [];
    mirror.proxy.fault = ({ watch }) => {
      if (!watch || left-- <= 0) return null;
      asked.push(performance.now());
      return {
        kind: 'answer',
        status: code,
        body: status(code, 'Made'),
        headers: code === 429 ? { 'retry-after': '1' } : {},
      };
    };
    mirror.proxy.cut();
    await meanwhile(mirror);
    await mirror.agree();
    await mirror.watching();
    await again(mirror);
    expect(mirror.reflector.status().counts.lists).toBe(code === 410 ? 4 : 1);
    // What the server asked for comes before the client's own rest.
    if (code === 429) expect(asked[1] - asked[0]).toBeGreaterThanOrEqual(1_000);
  });

  test('bytes that drip', async () => {
    const mirror = await start();
    mirror.proxy.fault = () => ({ kind: 'trickle', bytes: 7, everyMs: 1 });
    mirror.proxy.cut();
    await meanwhile(mirror);
    await again(mirror);
    expect(mirror.reflector.status().counts.lists).toBe(1);
  });

  test.each([
    ['no JSON', '{"type":"MODIFIED","object":{"kin\n'],
    ['a page of a proxy', '<html><body>502 Bad Gateway</body></html>\n'],
    ['an object without a name', '{"type":"MODIFIED","object":{"metadata":{}}}\n'],
    ['an event that does not exist', '{"type":"RENAMED","object":{"metadata":{}}}\n'],
    ['bytes that are no text', '\u0000\u0001\ufffd\n'],
    ['a list', '[[[[[]]]]]\n'],
    ['__proto__', '{"__proto__":{"type":"ADDED"}}\n'],
    ['a line without end', 'x'.repeat(5_000_000)],
  ])('%s in the stream', async (_what, text) => {
    const mirror = await start();
    const { lists } = mirror.reflector.status().counts;
    mirror.proxy.inject(text);
    await waitFor('the new list', () => mirror.reflector.status().counts.lists > lists);
    await meanwhile(mirror);
    await again(mirror);
  });

  test('an end in the middle of a line', async () => {
    const mirror = await start();
    mirror.proxy.inject('{"type":"ADDED","object":{"metad');
    mirror.proxy.cut();
    await meanwhile(mirror);
    await again(mirror);
  });

  test('a crash of the API server', async () => {
    const mirror = await start();
    await mirror.plane.restartApi(async () => {
      await waitFor('the end to be noticed', () => mirror.reflector.status().problem !== null);
      expect(mirror.reflector.objects.size).toBe(3);
      expect(mirror.reflector.status().synced).toBe(true);
    });
    await meanwhile(mirror);
    await again(mirror);
  });
});

describe.skipIf(obstacle !== null && !process.env.CI)('an API server that lies', () => {
  const lie = (body: unknown): NonNullable<MirrorOptions['fault']> => {
    let left = 2;
    return ({ watch }) =>
      !watch && left-- > 0
        ? { kind: 'answer', status: 200, body: typeof body === 'string' ? body : JSON.stringify(body) }
        : null;
  };
  const metadata = { resourceVersion: '1' };
  test.each<[string, unknown]>([
    ['is none', '<html>Log in</html>'],
    ['answers nothing', ''],
    ['answers null', null],
    ['has no version', { metadata: {}, items: [] }],
    ['has a version that is a number', { metadata: { resourceVersion: 1 }, items: [] }],
    ['has items that are none', { metadata, items: 'none' }],
    ['has a list without end', { metadata: { ...metadata, continue: 'more' }, items: [{}] }],
    ['has empty pages without end', { metadata: { ...metadata, continue: 'more' }, items: [] }],
    ['answers 10 MB', `{"metadata":{"resourceVersion":"1"},"items":["${'x'.repeat(10_000_000)}"]}`],
    ['has too many objects', { metadata, items: Array.from({ length: 60 }, () => ({})) }],
  ])('%s', async (_what, body) => {
    const mirror = await start({ fault: lie(body), maxObjects: 50 });
    expect(mirror.proxy.seen.filter(({ watch }) => !watch).length).toBeGreaterThanOrEqual(3);
    expect(mirror.changes.filter((kind) => kind === 'list')).toHaveLength(1);
    await meanwhile(mirror);
    await again(mirror);
  });

  test('objects that are none are counted and left out', async () => {
    const mirror = await start({ fault: lie({ metadata, items: [null, 7, {}, { metadata: { name: 'x' } }] }) });
    expect(mirror.reflector.status().counts.malformed).toBeGreaterThanOrEqual(4);
  });

  const bookmark = (resourceVersion: string): string =>
    `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion } } })}\n`;

  test('a bookmark of the future, after which the real server says nothing', async () => {
    const mirror = await start({ watchSeconds: 6 });
    mirror.proxy.inject(bookmark('99999999999'));
    await waitFor('the bookmark', () => mirror.reflector.status().counts.bookmarks > 0);
    mirror.proxy.cut();
    await meanwhile(mirror);
    await again(mirror);
    expect(mirror.problems.join('\n')).toMatch(
      /ended the watch without a word[\s\S]*Too large resource version: 99999999999/,
    );
  });

  test('a bookmark that is no number', async () => {
    const mirror = await start();
    mirror.proxy.inject(bookmark('latest'));
    await waitFor('the new list', () => mirror.reflector.status().counts.lists === 2);
    await again(mirror);
  });

  test('watches that end at once do not make it spin', async () => {
    const mirror = await start();
    mirror.proxy.fault = ({ watch }) => (watch ? { kind: 'answer', status: 200, body: '' } : null);
    const before = mirror.proxy.seen.length;
    mirror.proxy.cut();
    await waitFor('some tries', () => mirror.proxy.seen.length >= before + 6);
    // A watch, a rest, a list: no round without a rest.
    const { failures } = mirror.reflector.status().counts;
    expect(mirror.proxy.seen.length - before).toBeLessThanOrEqual(2 * failures + 2);
    mirror.proxy.fault = () => null;
    await again(mirror);
  });

  test('a flood of objects that nobody made ends in a new list', async () => {
    const mirror = await start({ maxObjects: 50 });
    const made = (n: number): string =>
      `${JSON.stringify({ type: 'ADDED', object: { metadata: { name: `made-${n}`, uid: `${n}`, resourceVersion: '5' } } })}\n`;
    const { lists } = mirror.reflector.status().counts;
    mirror.proxy.inject(Array.from({ length: 100 }, (_, n) => made(n)).join(''));
    await waitFor('the new list', () => mirror.reflector.status().counts.lists > lists);
    await again(mirror);
    expect(mirror.reflector.objects.size).toBe(3);
  });
});

describe.skipIf(obstacle !== null && !process.env.CI)('a reflector', () => {
  test('reads page by page', async () => {
    mirror = await makeMirror({ pageSize: 3, fault: () => ({ kind: 'cut' }) });
    for (let n = 0; n < 10; n++) await mirror.write(`object-${n}`, 'x');
    // The newest state comes in pages; what a server has at hand may come at once.
    mirror.proxy.fault = ({ watch, query }) =>
      !watch && query.get('resourceVersion') === '0'
        ? { kind: 'answer', status: 410, body: status(410, 'Expired') }
        : null;
    await mirror.agree();
    const pages = mirror.proxy.seen.filter(({ watch, query }) => !watch && !query.has('resourceVersion'));
    expect(pages.map(({ query }) => query.has('continue'))).toEqual([false, true, true, true]);
    expect(mirror.reflector.status().counts.lists).toBeGreaterThan(1);
    await mirror.watching();
    await mirror.write('object-3', 'y');
    await mirror.agree();
  });

  test('asks for smaller pages when one is too large', async () => {
    mirror = await makeMirror({ pageSize: 16, maxPageBytes: 40_000, fault: () => ({ kind: 'cut' }) });
    for (let n = 0; n < 10; n++) await mirror.write(`object-${n}`, 'x'.repeat(9_000));
    mirror.proxy.fault = () => null;
    await mirror.agree();
    const limits = mirror.proxy.seen.filter(({ watch }) => !watch).map(({ query }) => query.get('limit'));
    expect(limits.slice(-4)).toEqual(['16', '4', '4', '4']);
  });

  test('reads its token again when it is refused', async () => {
    const { proxy, kubeconfig, account, space, plane, agree, write, reflector, watching } = await start();
    const secret = await plane.admin.create(`${space.path}/secrets`, { metadata: { name: 'bound' } });
    const path = `${space.path}/serviceaccounts/${account.name}/token`;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: 'bound', uid: secret.metadata.uid };
    const bound = (await plane.admin.create(path, { spec: { expirationSeconds: 3600, boundObjectRef } })).status.token;
    writeFileSync(kubeconfig.tokenFile, bound);
    // The first refusal is made up, so that the new token is taken; the server refuses that one once its secret is gone.
    let refusals = 0;
    proxy.fault = () => (refusals++ === 0 ? { kind: 'answer', status: 401, body: status(401, 'Unauthorized') } : null);
    proxy.cut();
    await waitFor('the new token', () => proxy.seen.at(-1)?.headers.authorization === `Bearer ${bound}`);
    await watching();
    await plane.admin.remove(`${space.path}/secrets/bound`);
    await waitFor('the real 401', () => {
      proxy.cut();
      return (reflector.status().problem ?? '').includes('401');
    });
    writeFileSync(kubeconfig.tokenFile, await account.newToken());
    await write('e', 'new');
    await agree();
    expect(reflector.status().counts.lists).toBe(1);
  });

  test('says what is not granted, and works once it is', async () => {
    mirror = await makeMirror({ rules: [] });
    const { problems, account, write, agree, reflector } = mirror;
    await waitFor('the refusal', () => problems.length > 0);
    expect(problems[0]).toMatch(/403: the account may not do this.*cannot list resource "configmaps"/);
    expect(reflector.status().synced).toBe(false);
    await account.setRules(READ);
    await write('a', 'x');
    await agree();
  });

  test('hears nothing and holds nothing after close', async () => {
    const mirror = await start();
    await mirror.reflector.close();
    mirror.client.close();
    const told = mirror.changes.length;
    await mirror.write('a', 'after');
    await waitFor('the connections to end', () => mirror.proxy.openConnections === 0);
    expect(mirror.changes).toHaveLength(told);
    expect(mirror.reflector.status().state).toBe('closed');
  });
});
