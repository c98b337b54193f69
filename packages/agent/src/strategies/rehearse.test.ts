// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { rehearseChanges } from './rehearse.ts';

test('a rehearsal ends, and lets others in between its steps', async () => {
  let turns = 0;
  let goesOn = true;
  const other = (): void => {
    turns++;
    if (goesOn) setImmediate(other);
  };
  setImmediate(other);
  await rehearseChanges({ units: [], commands: ['gthulhu'], cgroupIds: ['1'], uids: [] });
  goesOn = false;
  expect(turns).toBeGreaterThanOrEqual(9);
});
