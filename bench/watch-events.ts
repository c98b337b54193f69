// SPDX-License-Identifier: Apache-2.0
/** The cost of watch events in an agent: CPU and memory. */
import { type Flood, readFlood } from '../test/kube/flood/flood.ts';

export interface FloodCost {
  readonly what: string;
  readonly events: number;
  readonly perSecond: number;
  readonly usPerEvent: number;
  /** above a process that does not read pods, MiB */
  readonly listedMib: number;
  readonly floodMib: number;
  readonly growthMib: number;
}

const FLOODS: readonly (Flood & { readonly what: string })[] = [
  { what: 'as fast as they are read', pods: 110, events: 300_000, rate: 0 },
  { what: '10,000 a second for a minute', pods: 110, events: 600_000, rate: 10_000 },
];

export async function floodCosts(): Promise<FloodCost[]> {
  const costs: FloodCost[] = [];
  for (const { what, ...flood } of FLOODS) {
    const { events, seconds, cpuUsPerEvent, bare, listed, rss } = await readFlood(flood);
    costs.push({
      what,
      events,
      perSecond: events / seconds,
      usPerEvent: cpuUsPerEvent,
      listedMib: listed.rssMib - bare.rssMib,
      floodMib: rss[9] - bare.rssMib,
      growthMib: rss[9] - rss[2],
    });
  }
  return costs;
}
