// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import type { Child } from './child.ts';
import type { ProcessName } from './restart-plan.ts';
import { supervise } from './supervisor.ts';

/** Children that end when the test says so, and a record of what was asked of them. */
class Children {
  readonly events: string[] = [];
  readonly #ends = new Map<ProcessName, (end: { code: number | null; signal: string | null }) => void>();
  stubborn = false;

  readonly start = (name: ProcessName): Child => {
    this.events.push(`start ${name}`);
    const { promise, resolve } = Promise.withResolvers<{ code: number | null; signal: string | null }>();
    this.#ends.set(name, resolve);
    return {
      pid: 1,
      startedAt: performance.now(),
      ended: promise,
      stop: () => {
        this.events.push(`stop ${name}`);
        if (!this.stubborn) resolve({ code: 0, signal: null });
      },
      kill: () => {
        this.events.push(`kill ${name}`);
        resolve({ code: null, signal: 'SIGKILL' });
      },
    };
  };

  end(name: ProcessName, code: number): void {
    this.#ends.get(name)?.({ code, signal: null });
  }
}

function run(children: Children): {
  asked: AbortController;
  now: AbortController;
  said: string[];
  code: Promise<number>;
} {
  const asked = new AbortController();
  const now = new AbortController();
  const said: string[] = [];
  const code = supervise({
    processes: [
      { name: 'agent', args: [] },
      { name: 'scheduler', args: [] },
    ],
    ready: () => Promise.resolve(),
    onLine: () => {},
    say: (sentence) => said.push(sentence),
    signal: asked.signal,
    now: now.signal,
    start: children.start,
  });
  return { asked, now, said, code };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('they start in their order and end the other way round', async () => {
  const children = new Children();
  const { asked, said, code } = run(children);
  await turn();
  asked.abort();
  expect(await code).toBe(0);
  expect(children.events).toEqual(['start agent', 'start scheduler', 'stop scheduler', 'stop agent']);
  expect(said).toEqual([]);
});

test('where the kernel cannot do it the API goes on', async () => {
  const children = new Children();
  const { asked, said, code } = run(children);
  await turn();
  children.end('scheduler', 78);
  await turn();
  expect(said).toHaveLength(1);
  asked.abort();
  expect(await code).toBe(0);
  expect(children.events).toEqual(['start agent', 'start scheduler', 'stop agent']);
});

test('one that ends is started again', async () => {
  const children = new Children();
  const { asked, said, code } = run(children);
  await turn();
  children.end('agent', 1);
  while (children.events.length < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  asked.abort();
  expect(await code).toBe(0);
  expect(said).toEqual(['the agent has ended with exit code 1; it is started again in 1 s']);
  expect(children.events).toEqual(['start agent', 'start scheduler', 'start agent', 'stop scheduler', 'stop agent']);
});

test('an end in a pause is an end', async () => {
  const children = new Children();
  const { asked, code } = run(children);
  await turn();
  children.end('scheduler', 1);
  await turn();
  asked.abort();
  expect(await code).toBe(0);
  expect(children.events).toEqual(['start agent', 'start scheduler', 'stop agent']);
});

test('whoever does not end is killed by the second wish', async () => {
  const children = new Children();
  children.stubborn = true;
  const { asked, now, code } = run(children);
  await turn();
  asked.abort();
  await turn();
  now.abort();
  expect(await code).toBe(0);
  expect(children.events.slice(2)).toEqual(['stop scheduler', 'kill scheduler', 'stop agent', 'kill agent']);
});
