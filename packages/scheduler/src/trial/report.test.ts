// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { batchOf, decisionsFor, node, type Row } from '../policies/batch.fixture.ts';
import type { Policy } from '../policies/policy.ts';
import { createPolicy } from '../policies/registry.ts';
import type { RecordedBatch } from '../trace/parse-trace.ts';
import { formatReport } from './format-report.ts';
import { replay } from './replay.ts';
import { makeReport, timing } from './report.ts';

function recorded(...rows: Row[]): RecordedBatch {
  const whole = batchOf(rows);
  const batch = Object.fromEntries(
    Object.entries(whole).map(([name, column]) => [
      name,
      typeof column === 'number' ? column : column.slice(0, rows.length),
    ]),
  ) as unknown as RecordedBatch['batch'];
  return { batch, decisions: decisionsFor(batch), node };
}

const of = (decide: Policy['decide']): Policy => ({ name: 'p', decide });

function reportOf(policy: Policy, batches: RecordedBatch[]) {
  const run = replay(policy, batches, '/p.ts');
  return makeReport('p', batches, run, run, replay(createPolicy('gthulhu'), batches, ''));
}

const slice = node.sliceDefaultNs;
const two = recorded({ pid: 1, key: 1e9 }, { pid: 2, key: 1e9 + 1e6 });

test('no opinion changes nothing', () => {
  const report = reportOf(
    of(() => {}),
    [two, recorded({ pid: 3 })],
  );
  expect(report).toMatchObject({
    batches: 2,
    tasks: 3,
    changed: { key: 0, sliceNs: 0, cpu: 0 },
    clamped: 0,
    againstKernel: { batches: 0, tasks: 0 },
    favoured: [],
    disadvantaged: [],
  });
});

test('what is changed, clamped, and in another order', () => {
  const policy = of((batch, out) => {
    for (let i = 0; i < batch.length; i++) if (batch.pid[i] === 2) out.key[i] = 0;
    out.sliceNs[0] = 1e6;
    out.cpu[0] = 3;
  });
  const report = reportOf(policy, [two, recorded({ pid: 3 })]);
  expect(report).toMatchObject({
    changed: { key: 1, sliceNs: 2, cpu: 2 },
    clamped: 1,
    againstKernel: { batches: 1, tasks: 2 },
    favoured: [{ pid: 2, asked: 1, places: 1, earlierNs: slice / 2 }],
    disadvantaged: [{ pid: 1, asked: 1, places: -1, earlierNs: -slice / 2 }],
  });
  expect(formatReport(report)).toMatch(/key clamped +1 \(33\.3 %\)/);
});

test('what delays all alike favours nobody', () => {
  const policy = of((batch, out) => {
    for (let i = 0; i < batch.length; i++) out.key[i] = batch.key[i] + 1e6;
  });
  const report = reportOf(policy, [two]);
  expect(report.changed.key).toBe(2);
  expect(report.againstKernel).toEqual({ batches: 0, tasks: 0 });
});

test('the kernel keeps a key within one slice: more than that changes no more', () => {
  const wide = recorded({ pid: 1, key: 1e9 }, { pid: 2, key: 1e9 + 3 * slice });
  const report = reportOf(
    of((_, out) => {
      out.key[1] = 0;
    }),
    [wide],
  );
  expect(report.clamped).toBe(1);
  expect(report.againstKernel.tasks).toBe(0);
});

test('the built-in policy is its own order', () => {
  const batches = [recorded({ burstNs: 4e6 }, { key: 1e9 + 1e6, pid: 7 })];
  expect(reportOf(createPolicy('gthulhu'), batches)).toMatchObject({
    againstKernel: { batches: 1, tasks: 2 },
    againstGthulhu: { batches: 0, tasks: 0 },
  });
});

test('the five that gain most, the most first', () => {
  const rows = Array.from({ length: 12 }, (_, i) => ({ pid: i, key: 1e9 + i }));
  const report = reportOf(
    of((batch, out) => {
      for (let i = 0; i < batch.length; i++) out.key[i] = 1e9 + batch.length - i;
    }),
    [recorded(...rows)],
  );
  expect(report.favoured.map(({ pid, places }) => [pid, places])).toEqual([
    [11, 11],
    [10, 9],
    [9, 7],
    [8, 5],
    [7, 3],
  ]);
  expect(report.disadvantaged.map(({ pid }) => pid)).toEqual([0, 1, 2, 3, 4]);
});

test('times', () => {
  const batchNs = Float64Array.of(100, 900);
  expect(timing([two, recorded({})], { decisions: [], tasks: 3, batchNs })).toEqual({
    meanNsPerTask: 1000 / 3,
    worstNsPerTask: 900,
    worstBatchNs: 900,
  });
});

test.each<[string, Policy['decide'], RegExp]>([
  [
    'throws',
    () => {
      throw new TypeError('no');
    },
    /^\/p\.ts.*: TypeError: no \(in decide, batch 0 of 1\)$/,
  ],
  [
    'answers NaN',
    (_, out) => {
      out.key[1] = Number.NaN;
    },
    /answered key NaN .* for row 1; .* \(batch 0 of 1\)$/,
  ],
  [
    'answers a negative slice',
    (_, out) => {
      out.sliceNs[0] = -1;
    },
    /slice -1 for row 0/,
  ],
])('a policy that %s does not pass', (_, decide, message) => {
  expect(() => replay(of(decide), [two], '/p.ts')).toThrow(message);
});

test('a policy sees what it will see when it is live: longer columns, prefilled answers, the node of that time', () => {
  let seen: unknown;
  replay(
    of((batch, out, view) => {
      seen = [batch.length, batch.key.length >= 512, [...out.key.subarray(0, 2)], out.cpu[0], out.sliceNs[0], view];
    }),
    [two],
    '/p.ts',
  );
  expect(seen).toEqual([2, true, [1e9, 1e9 + 1e6], -1, 0, node]);
});
