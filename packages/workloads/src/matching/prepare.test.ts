// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createMatcher } from './matcher.ts';
import { strategy, workload } from './random.fixture.ts';

const APP = { selectors: [{ key: 'app', value: 'web' }] };

test.each([0, 1, 2, 3, 4, 10])(
  'after %i steps of work ahead a strategy by any label means those who have it',
  (steps) => {
    for (const key of ['app', 'tier']) {
      const matcher = createMatcher();
      matcher.changeWorkloads({ put: [workload('p', { labels: { app: 'web', tier: 'web' } })] });
      for (let step = 0; step < steps; step++) matcher.prepareNext();
      matcher.changeStrategies({ put: [strategy('s', { selectors: [{ key, value: 'web' }] })] });
      expect(matcher.candidatesOf('p').map(({ id }) => id)).toEqual(['s']);
    }
  },
);

test('work ahead comes to its end, and begins again with a label that is new', () => {
  const matcher = createMatcher();
  matcher.changeWorkloads({ put: [workload('p', { labels: { app: 'web' } })] });
  const toEnd = (): number => {
    let steps = 0;
    while (matcher.prepareNext()) expect(++steps).toBeLessThan(20);
    return steps;
  };
  expect(toEnd()).toBeGreaterThan(0);
  expect(toEnd()).toBe(0);
  matcher.changeWorkloads({ put: [workload('q', { labels: { app: 'web', tier: 'web' } })] });
  expect(toEnd()).toBeGreaterThan(0);
  matcher.changeStrategies({ put: [strategy('s', APP)] });
  expect(matcher.candidatesOf('q')).toHaveLength(1);
});
