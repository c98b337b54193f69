// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Machine, OUTCOME_MARK, type Outcome, type Request } from './plan.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT_SECONDS = 570;
/** Emulated machines use one CPU of this one each. */
const SLOTS = 2;

export interface Boot extends Machine {
  /** The guest's clock counts instructions. */
  readonly icount?: boolean;
  /** More parameters for the kernel. */
  readonly parameters?: string;
  /** threads a core; 1 where it is not said */
  readonly smt?: number;
  /** seconds of this machine's time until it is ended; LIMIT_SECONDS where it is not said */
  readonly limitSeconds?: number;
  readonly requests: readonly Request[];
  /** Told of each outcome as soon as it is there. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

export interface BootResult {
  readonly outcomes: readonly Outcome[];
  /** everything it wrote, but for the outcomes */
  readonly output: string;
  readonly status: number | null;
  readonly tookMs: number;
}

/** Why test machines cannot be booted here; null where they can. */
export function whyNoMachines(): string | null {
  if (process.getuid?.() !== 0) return 'a test machine shows the files of this one as they are, which takes root';
  for (const [path, what] of [
    ['/usr/bin/qemu-system-x86_64', 'QEMU'],
    [`${root}build/bpf/scheduler.bpf.o`, 'the built scheduler'],
    [`${root}packages/cli/dist/main.js`, 'the built command'],
  ])
    if (!existsSync(path)) return `${what} is missing: ${path}; run make build and scripts/install test`;
  return null;
}

/**
 * Compiled modules, made here once and read there: emulated, compiling them takes longer than a test. A cache that does
 * not fit is ignored.
 */
const compileCache = `${root}build/vm/compile-cache`;
const quietly = { env: { ...process.env, NODE_COMPILE_CACHE: compileCache }, stdio: 'ignore' } as const;

function warmCompileCache(guestMain: string): void {
  const none = `${root}build/vm/no-requests.json`;
  writeFileSync(none, '[]');
  execFileSync(`${root}node_modules/.bin/node`, [guestMain, none], quietly);
  execFileSync(`${root}bin/gthulhu`, ['--version'], quietly);
}

let boots = 0;
let free = SLOTS;
const waiting: (() => void)[] = [];

async function withSlot<T>(act: () => Promise<T>): Promise<T> {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await act();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free++;
  }
}

function run(boot: Boot): Promise<BootResult> {
  mkdirSync(`${root}build/vm`, { recursive: true });
  const guestMain = `${root}test/vm/guest/main.ts`;
  if (boots === 0) {
    execFileSync('make', ['-s', 'guest-programs'], { cwd: root });
    warmCompileCache(guestMain);
  }
  const file = `${root}build/vm/requests-${process.pid}-${++boots}.json`;
  writeFileSync(file, JSON.stringify(boot.requests));
  const start = performance.now();
  const child = spawn(
    `${root}scripts/vm`,
    [
      ...['--kernel', boot.kernel, '--cpus', String(boot.cpus), '--memory', '2048'],
      ...['--timeout', String(boot.limitSeconds ?? LIMIT_SECONDS)],
      ...(boot.icount ? ['--icount'] : []),
      ...(boot.parameters === undefined ? [] : ['--append', boot.parameters]),
      ...(boot.smt === undefined ? [] : ['--smt', String(boot.smt)]),
      ...['--', 'env', `NODE_COMPILE_CACHE=${compileCache}`, `${root}node_modules/.bin/node`, guestMain, file],
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  const outcomes: Outcome[] = [];
  const rest: string[] = [];
  const take = (line: string): void => {
    if (!line.startsWith(OUTCOME_MARK)) {
      rest.push(line);
      return;
    }
    const outcome = JSON.parse(line.slice(OUTCOME_MARK.length)) as Outcome;
    outcomes.push(outcome);
    boot.onOutcome?.(outcome);
  };
  for (const stream of [child.stdout, child.stderr]) {
    let begun = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const lines = (begun + chunk).split('\n');
      begun = lines.pop() ?? '';
      for (const line of lines) take(line);
    });
    // A line without an end is no outcome: the machine ended within it.
    stream.on('end', () => rest.push(begun));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      // Kept for whoever asks why.
      writeFileSync(file.replace('requests', 'outcomes'), text);
      resolve({ outcomes, output: rest.join('\n'), status, tookMs: performance.now() - start });
    });
  });
}

/** Boots a machine and plays its scenarios, as soon as there is room for another one. */
export function boot(machine: Boot): Promise<BootResult> {
  return withSlot(() => run(machine));
}
