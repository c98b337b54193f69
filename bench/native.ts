// SPDX-License-Identifier: Apache-2.0
/** The cost of a decision on this machine, without an emulator and without sched_ext. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const node = `${root}node_modules/.bin/node`;
const PROTOTYPE = `${root}../shared/design/prototype/ring-bench`;
const clang = process.env.BPF_CLANG ?? 'clang-19';
const machine = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim();
const BPF_FLAGS = [
  ...['-O2', '-g', '-target', 'bpf', '-mcpu=v3', `-D__TARGET_ARCH_${arch() === 'x64' ? 'x86' : arch()}`],
  ...['-idirafter', `/usr/include/${machine}-linux-gnu`],
];
const ROUNDS = 5;

export interface DecisionCost {
  readonly batch: number;
  /** ns a task, one of each round */
  readonly ours: number[];
  /** the same with every batch recorded */
  readonly recorded: number[];
  /** the same of the prototype; empty where it is not there */
  readonly prototype: number[];
}

function buildOurs(): string {
  const object = `${root}build/bench/produce.bpf.o`;
  mkdirSync(`${root}build/bench`, { recursive: true });
  execFileSync(clang, [
    ...BPF_FLAGS,
    `-I${root}bpf/include`,
    '-c',
    '-o',
    object,
    `${root}bench/decision/produce.bpf.c`,
  ]);
  return object;
}

/** The prototype wants the kernel's types; it uses none that these headers do not have. */
const TYPES = `#include <linux/types.h>
#include <linux/bpf.h>
typedef __s32 s32; typedef __u32 u32; typedef __u64 u64;
`;

function buildPrototype(): string | null {
  if (!existsSync(PROTOTYPE)) return null;
  const folder = mkdtempSync(`${tmpdir()}/gthulhu-bench.`);
  cpSync(PROTOTYPE, folder, { recursive: true });
  writeFileSync(`${folder}/vmlinux.h`, TYPES);
  const run = { cwd: folder, stdio: 'ignore' } as const;
  execFileSync(clang, [...BPF_FLAGS, '-I.', '-c', '-o', 'sched.bpf.o', 'bench.bpf.c'], run);
  const headers = `-I${root}node_modules/node-api-headers/include`;
  execFileSync('cc', ['-O2', '-w', '-shared', '-fPIC', headers, '-o', 'addon.node', 'addon.c', '-lbpf'], run);
  return folder;
}

function costOfOurs(object: string, batch: number, ...trace: string[]): number {
  const argv = [`${root}bench/decision/main.ts`, object, String(batch), ...trace];
  const text = execFileSync(node, argv, { encoding: 'utf8' });
  return (JSON.parse(text) as { total: number }).total;
}

function costOfPrototype(folder: string, batch: number): number {
  const text = execFileSync(node, ['run.js', String(batch)], { cwd: folder, encoding: 'utf8' });
  const total = /user_total: ([\d.]+)/.exec(text)?.[1];
  if (total === undefined) throw new Error(`the prototype said: ${text}`);
  return Number(total);
}

/** Ours and the prototype in turn, in one run. */
export function decisionCosts(): DecisionCost[] {
  const object = buildOurs();
  const folder = buildPrototype();
  const traces = mkdtempSync(`${tmpdir()}/gthulhu-trace.`);
  try {
    return [64, 1].map((batch) => {
      const cost: DecisionCost = { batch, ours: [], recorded: [], prototype: [] };
      for (let round = 0; round < ROUNDS; round++) {
        cost.ours.push(costOfOurs(object, batch));
        cost.recorded.push(costOfOurs(object, batch, `${traces}/policy.trace`));
        if (folder !== null) cost.prototype.push(costOfPrototype(folder, batch));
      }
      return cost;
    });
  } finally {
    rmSync(traces, { recursive: true });
    if (folder !== null) rmSync(folder, { recursive: true });
  }
}
