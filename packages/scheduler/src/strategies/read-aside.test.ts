// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { readStrategyDocument, StrategiesError } from './parse-strategies.ts';
import { readStrategyDocumentAside } from './read-aside.ts';

/** Starting a thread takes seconds on a machine that has no CPU to spare. */
const LIMIT_MS = 120_000;

const listOf = (count: number): string =>
  `strategies:\n${Array.from({ length: count }, (_, i) => `  - selectors: [{key: app, value: a${i}}]\n    priority: ${i % 21}\n`).join('')}`;

describe.each([
  ['short', 2],
  ['long', 1_000],
])('a %s text', (_, count) => {
  const text = listOf(count);

  test(
    'says what it says',
    async () => {
      const { strategies } = await readStrategyDocumentAside(text, 'a.yaml');
      expect(strategies).toEqual(readStrategyDocument(text, 'a.yaml').strategies);
      expect(strategies).toHaveLength(count);
    },
    LIMIT_MS,
  );

  test(
    'is refused with the same words',
    async () => {
      const bad = `${text}  - priority: 99\n  - colour: red\n`;
      const error = await readStrategyDocumentAside(bad, 'a.yaml').catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(StrategiesError);
      expect(() => readStrategyDocument(bad, 'a.yaml')).toThrow((error as StrategiesError).message);
      expect((error as StrategiesError).message).toMatch(new RegExp(`^a\\.yaml:${2 * count + 2}:15: .*priority`));
    },
    LIMIT_MS,
  );

  test(
    'tells where something stands that is found wrong later',
    async () => {
      const document = await readStrategyDocumentAside(text, 'a.yaml');
      const key = `strategies[${count - 1}].priority`;
      expect((await document.errorAt(key, 'is too much')).message).toBe(
        `a.yaml:${2 * count + 1}:15: ${key}: is too much`,
      );
    },
    LIMIT_MS,
  );
});

test(
  'whoever asks goes on meanwhile',
  async () => {
    let done = false;
    let turns = 0;
    const reading = readStrategyDocumentAside(listOf(10_000), 'a.yaml').then(({ strategies }) => {
      done = true;
      return strategies.length;
    });
    while (!done) {
      await sleep(1);
      turns++;
    }
    expect(await reading).toBe(10_000);
    // Read by this thread it would be one.
    expect(turns).toBeGreaterThan(50);
  },
  LIMIT_MS,
);

test(
  'a text that needs too much memory or time is refused, and nobody else ends with it',
  async () => {
    const text = `strategies: [${'[],'.repeat(40_000)}]`;
    await expect(readStrategyDocumentAside(text, 'a.yaml', { heapMb: 8, ms: 120_000 })).rejects.toThrow(
      'a.yaml: needs more than 8 MB of memory to be read; write it plainer, or less',
    );
    await expect(readStrategyDocumentAside(text, 'a.yaml', { heapMb: 160, ms: 1 })).rejects.toThrow(
      'a.yaml: took more than 0.001 s to read; write it plainer, or less',
    );
  },
  LIMIT_MS,
);
