// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Patience } from './patience.ts';

/** How often somebody whose time is over looks whether it is over outside too. */
const LOOK_MS = 100;

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: 'ignore' | 'pipe';
  /** for kill(): a session and process group of its own */
  readonly ownGroup?: boolean;
}

/** A program that runs in the guest, and what it writes line by line. */
export class Program {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  code: number | null | undefined;
  #watchers = new Set<() => void>();

  constructor(argv: readonly string[], options: ProgramOptions = {}) {
    const child = spawn(argv[0], argv.slice(1), {
      stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe'],
      detached: options.ownGroup ?? false,
      env: { ...process.env, ...options.env },
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        this.#changed();
      });
    }
    this.exited = new Promise((resolve) => {
      const done = (code: number | null): void => {
        this.code = code;
        this.#changed();
        resolve(code);
      };
      child.on('close', done);
      child.on('error', (error) => {
        this.lines.push(String(error));
        done(null);
      });
    });
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    if (this.code === undefined) this.child.kill(name);
  }

  /** It and all that it started, where it has a group of its own. */
  kill(): void {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // nothing of it is left
    }
  }

  /** The first line from `from` on that passes. Rejects when the program ends or the time is over without it. */
  line(passes: (line: string) => boolean, limitMs: number, from = 0): Promise<string> {
    return new Promise((resolve, reject) => {
      let next = from;
      const patience = new Patience(limitMs);
      const finish = (act: () => void): void => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        act();
      };
      const look = (): void => {
        for (; next < this.lines.length; next++) {
          const line = this.lines[next];
          if (passes(line)) {
            finish(() => resolve(line));
            return;
          }
        }
        if (this.code !== undefined)
          finish(() =>
            reject(new Error(`${this.child.spawnargs.join(' ')} ended with ${this.code}:\n${this.lines.join('\n')}`)),
          );
      };
      const giveUp = (): void => {
        if (patience.isOver())
          finish(() => reject(new Error(`${this.child.spawnargs.join(' ')} did not answer within ${limitMs} ms`)));
        else timer = setTimeout(giveUp, LOOK_MS);
      };
      let timer = setTimeout(giveUp, limitMs);
      this.#watchers.add(look);
      look();
    });
  }
}
