// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TaskExplanation, TaskExplanationSchema } from '@gthulhu/contracts';
import { Value } from 'typebox/value';
import { afterEach, expect, test } from 'vitest';
import { answerOf, type ExplainServer, startExplainServer } from './explain-server.ts';

const TASK: TaskExplanation = {
  pid: 7,
  tgid: 7,
  startUs: 1,
  source: 'cgroup',
  strategy: 1,
  strategyId: 'a',
  priority: 3,
  sliceNs: 0,
  cpus: null,
  restricted: false,
  sinceNs: 5,
  exempt: false,
  entryCgroup: '12',
  cgroups: ['12', '1'],
};
const explain = (pid: number): TaskExplanation | null => (pid === 7 ? TASK : null);

test.each([
  ['GET', '/v1/explain?pid=7', 200],
  ['GET', '/v1/explain?pid=8', 404],
  ['GET', '/v1/explain', 400],
  ['GET', '/v1/explain?pid=0', 400],
  ['GET', '/v1/explain?pid=-7', 400],
  ['GET', '/v1/explain?pid=7e0', 400],
  ['GET', '/v1/explain?pid=4194305', 400],
  ['GET', `/v1/explain?pid=${'7'.repeat(1000)}`, 400],
  ['POST', '/v1/explain?pid=7', 405],
  ['GET', '/', 404],
  ['GET', '/v1/explain/../secret', 404],
])('%s %s is %i', (method, url, status) => {
  const answer = answerOf(method, url, explain);
  expect(answer.status).toBe(status);
  if (status === 200) expect(Value.Check(TaskExplanationSchema, answer.body)).toBe(true);
  else expect(answer.body).toMatchObject({ status, detail: expect.any(String) });
});

const folder = mkdtempSync(join(tmpdir(), 'gthulhu-explain-'));
let server: ExplainServer | null = null;
afterEach(async () => {
  await server?.stop();
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

function get(socketPath: string, path: string): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(text) }));
    })
      .on('error', reject)
      .end();
  });
}

test('it answers on a socket that only its owner may use, in place of one that was left', async () => {
  const path = join(folder, 'scheduler.sock');
  const umask = process.umask();
  rmSync(folder, { recursive: true, force: true });
  server = startExplainServer({ path, explain, onError: (error) => expect.unreachable(error.message) });
  await server.ready;
  await server.stop();
  writeFileSync(path, 'left');
  server = startExplainServer({ path, explain, onError: (error) => expect.unreachable(error.message) });
  await server.ready;
  expect(process.umask()).toBe(umask);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(await get(path, '/v1/explain?pid=7')).toEqual({ status: 200, body: TASK });
  expect((await get(path, '/v1/explain?pid=9')).status).toBe(404);
});

test('a place where no socket can be is told of, and stops nothing', async () => {
  const told: string[] = [];
  server = startExplainServer({
    path: join(folder, 'x'.repeat(200)),
    explain,
    onError: (error) => told.push(error.message),
  });
  await server.ready;
  expect(told).toHaveLength(1);
});
