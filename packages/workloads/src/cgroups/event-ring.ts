// SPDX-License-Identifier: Apache-2.0
import { openGlobals, openObject, openRing, type Ring, type StructLayout, wakeRing } from '@gthulhu/bpf';

/** What one kind of event of bpf/workloads.bpf.c comes through. */
export interface EventRingPlan {
  readonly map: string;
  readonly record: string;
  readonly columns: readonly string[];
  /** Records that are taken out at once. */
  readonly rows: number;
  /** Variable that counts those there was no room for. */
  readonly lost: string;
  /** What is attached, and tells. */
  readonly programs: readonly string[];
}

export interface EventRing {
  readonly ring: Ring;
  readonly layout: StructLayout;
  readonly open: boolean;
  readonly lost: number;
  /** Ends a wait, too. Idempotent. */
  close(): void;
}

/** @throws BpfError */
export function openEventRing(objectPath: string, plan: EventRingPlan): EventRing {
  const object = openObject(objectPath);
  try {
    object.load();
    const layout = object.layout(plan.record);
    const ring = openRing(object.map(plan.map).info.fd, layout, [...plan.columns], plan.rows);
    const globals = openGlobals(object.globals('.bss'));
    const links = plan.programs.map((program) => object.attachProgram(program));
    let open = true;
    return {
      ring,
      layout,
      get open() {
        return open;
      },
      get lost() {
        return open ? globals.readNumber(plan.lost) : 0;
      },
      close() {
        if (!open) return;
        open = false;
        for (const link of links) link.detach();
        wakeRing(ring.wakeFd);
        ring.close();
        globals.close();
        object.close();
      },
    };
  } catch (error) {
    object.close();
    throw error;
  }
}
