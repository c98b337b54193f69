// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import { Program } from '../../test/vm/guest/lines.ts';
import type { ProbeReport, ProbeRequest } from './probe.ts';

const READY_MS = 60_000;

/** A running probe, known to the kernel by `name`. */
export class Probe {
  readonly program: Program;

  constructor(name: string) {
    this.program = new Program(
      [process.execPath, '--single-threaded', fileURLToPath(new URL('probe.ts', import.meta.url)), name],
      {
        stdin: 'pipe',
      },
    );
  }

  async ready(): Promise<this> {
    await this.program.line((line) => line.includes('"ready"'), READY_MS);
    return this;
  }

  async measure(request: ProbeRequest): Promise<ProbeReport> {
    const from = this.program.lines.length;
    this.program.child.stdin?.write(`${JSON.stringify(request)}\n`);
    const limitMs = (request.count * request.periodUs) / 1000 + READY_MS;
    return JSON.parse(await this.program.line((line) => line.startsWith('{'), limitMs, from)) as ProbeReport;
  }

  end(): void {
    this.program.signal('SIGKILL');
  }
}
