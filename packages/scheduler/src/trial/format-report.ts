// SPDX-License-Identifier: Apache-2.0
import type { TaskEffect, TrialReport } from './report.ts';

const share = (part: number, whole: number): string =>
  `${part} (${whole === 0 ? '0.0' : ((100 * part) / whole).toFixed(1)} %)`;

const rows = (lines: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
};

function effects(title: string, tasks: readonly TaskEffect[]): string {
  if (tasks.length === 0) return `${title}: none`;
  const cells = [
    ['pid', 'asked', 'places', 'earlier'],
    ...tasks.map(({ pid, asked, places, earlierNs }) => [
      String(pid),
      String(asked),
      places > 0 ? `+${places}` : String(places),
      `${(earlierNs / 1e6).toFixed(3)} ms`,
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) => `  ${row.map((cell, column) => cell.padStart(widths[column])).join('  ')}`);
  return [`${title}:`, ...lines].join('\n');
}

/** What a policy would have done, for people. */
export function formatReport(report: TrialReport): string {
  const { batches, tasks, changed, clamped, againstKernel, againstGthulhu } = report;
  const table = rows([
    ['policy', report.policy],
    ['batches', String(batches)],
    ['tasks', String(tasks)],
    ['key changed', share(changed.key, tasks)],
    ['slice changed', share(changed.sliceNs, tasks)],
    ['CPU chosen', share(changed.cpu, tasks)],
    ['key clamped', share(clamped, tasks)],
    ['mean a task', `${report.meanNsPerTask.toFixed(0)} ns`],
    ['worst batch a task', `${report.worstNsPerTask.toFixed(0)} ns`],
    ['worst batch', `${report.worstBatchMs.toFixed(3)} ms`],
    ['other order than the kernel', `${share(againstKernel.batches, batches)} batches, ${againstKernel.tasks} tasks`],
    ['other order than gthulhu', `${share(againstGthulhu.batches, batches)} batches, ${againstGthulhu.tasks} tasks`],
  ]);
  return [
    table,
    '',
    effects(
      'Favoured most (places gained against the kernel; how much earlier than the rest of the batch)',
      report.favoured,
    ),
    effects('Disadvantaged most', report.disadvantaged),
    '',
  ].join('\n');
}
