// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from 'node:fs';
import type { Family } from './prometheus.ts';

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

function maxFiles(): number {
  try {
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

const started = Date.now() / 1_000 - process.uptime();

/** About this process, by the names that every Prometheus client uses. */
export function processFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  const gauge = (name: string, help: string, value: number): Family => ({
    name,
    type: 'gauge',
    help,
    samples: [{ value }],
  });
  return [
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'CPU time of the agent, user and system.',
      samples: [{ value: (user + system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Memory of the agent (RSS).', process.memoryUsage.rss()),
    gauge('process_start_time_seconds', 'Start of the agent, seconds since 1970.', started),
    gauge('process_open_fds', 'Files and sockets that the agent has open.', openFiles()),
    gauge('process_max_fds', 'Files and sockets that it may have open.', maxFiles()),
  ];
}
