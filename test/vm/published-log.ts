// SPDX-License-Identifier: Apache-2.0
/** The published log of 2025, line for line and in its order, as patterns: what is a value of that machine is left open. */

const time = String.raw`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d `;
const line = (text: string): RegExp => new RegExp(`^${time}${text}$`);
const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const groups = String.raw`map\[(?:[\d,-]+:\[\d+(?: \d+)*\](?: (?=\d))?)*\]`;

/** The eleven counters, in the order of that version. */
const counters = [
  'usersched_last_run_at',
  'nr_queued',
  'nr_scheduled',
  'nr_running',
  'nr_online_cpus',
  'nr_user_dispatches',
  'nr_kernel_dispatches',
  'nr_cancel_dispatches',
  'nr_bounce_dispatches',
  'nr_failed_dispatches',
  'nr_sched_congested',
]
  .map((name) => `"${name}":\\d+`)
  .join(',');

export interface LogValues {
  /** base URL of the API, host and port */
  readonly url: string;
  readonly address: string;
  readonly intervalSeconds: number;
  readonly strategies: number;
}

/** A scheduler that starts before its API, gets strategies from it, loses it and finds it again. */
export function publishedLog({ url, address, intervalSeconds, strategies }: LogValues): readonly RegExp[] {
  const refused = `failed to obtain JWT token: failed to send token request: Post "${literal(url)}/api/v1/auth/token": dial tcp ${literal(address)}: connect: connection refused`;
  const bssData = line(`bss data: \\{${counters}\\}`);
  const failed = line(`Failed to fetch scheduling strategies: ${refused}`);
  // With a token of before there is none to be asked for.
  const failedLater = line(
    `Failed to fetch scheduling strategies: failed to send request: Get "${literal(url)}/api/v1/scheduling/policies": dial tcp ${literal(address)}: connect: connection refused`,
  );
  const sent = line('Successfully sent metrics to API server');
  const updated = line(`Scheduling strategies updated: ${strategies} strategies`);
  return [
    line('Scheduler config: SLICE_NS_DEFAULT=5000000, SLICE_NS_MIN=500000'),
    line('Debug mode enabled'),
    line('Early processing disabled'),
    /^map: \S+, type: BPF_MAP_TYPE_TASK_STORAGE, fd: \d+$/,
    /^map: \S+, type: BPF_MAP_TYPE_RINGBUF, fd: \d+$/,
    /^map: \S*\.rodata, type: BPF_MAP_TYPE_ARRAY, fd: \d+$/,
    line(`Topology: map\\[L2:${groups} L3:${groups}\\]`),
    line("UserSched's Pid: \\d+"),
    line(`API config: URL=${literal(url)}/api/v1/scheduling/strategies, Interval=${intervalSeconds} seconds`),
    line(`Started scheduling strategy fetcher with JWT authentication, interval ${intervalSeconds} seconds`),
    line('scheduler started'),
    line(`Failed to fetch initial scheduling strategies: ${refused}`),
    failed,
    bssData,
    line(`Failed to send metrics: failed to send metrics request: ${refused}`),
    bssData,
    sent,
    updated,
    line(`Updated strategy map with ${strategies} strategies`),
    failedLater,
    // Counters go their own way: whether they or the strategies come first is chance.
    updated,
  ];
}

/** The first pattern that no line matches after the one before it; null when all are there in their order. */
export function missingInOrder(lines: readonly string[], patterns: readonly RegExp[]): RegExp | null {
  let at = 0;
  for (const pattern of patterns) {
    const found = lines.findIndex((text, i) => i >= at && pattern.test(text));
    if (found === -1) return pattern;
    at = found + 1;
  }
  return null;
}
