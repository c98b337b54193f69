// SPDX-License-Identifier: Apache-2.0

/** More than any kernel can be configured for (CONFIG_NR_CPUS ends at 8192). */
const MAX_CPUS = 65_536;

/**
 * Numbers of a Linux CPU list such as `0-3,8,10-11`, ascending and without repetition. Empty text is an empty list.
 * Format: "List format" of the kernel's bitmap printing, as sysfs writes it.
 * @throws RangeError for anything else
 */
export function parseCpuList(text: string): number[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  const found = new Set<number>();
  for (const part of trimmed.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first || last >= MAX_CPUS) {
      throw new RangeError(
        `${JSON.stringify(text)} is not a CPU list: ${JSON.stringify(part)} is not a number or a range`,
      );
    }
    for (let cpu = first; cpu <= last; cpu++) found.add(cpu);
  }
  return [...found].sort((a, b) => a - b);
}

/** The reverse of parseCpuList, written as the kernel writes it: two neighbours are a range too. */
export function formatCpuList(cpus: readonly number[]): string {
  const sorted = [...new Set(cpus)].sort((a, b) => a - b);
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < sorted.length; i++) {
    const next = sorted[i + 1];
    const cpu = sorted[i] ?? 0;
    if (next === cpu + 1) continue;
    parts.push(start === i ? `${cpu}` : `${sorted[start]}-${cpu}`);
    start = i + 1;
  }
  return parts.join(',');
}
