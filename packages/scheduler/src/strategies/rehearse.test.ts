// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { rehearseRules } from './rehearse.ts';

test('what is rehearsed is what the contract allows: it is taken as the rules of an API are', () => {
  expect(rehearseRules).not.toThrow();
});
