// SPDX-License-Identifier: Apache-2.0
/** From what an earlier process left pinned to a scheduler of this one: adopted as it runs, or replaced by a new one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BpfObject, openGlobals, openObject } from '@gthulhu/bpf';
import { entry, type LogEntry } from '../log/entry.ts';
import type { Logger } from '../log/logger.ts';
import { discardRings, forgetAll } from './fresh-state.ts';
import { KernelSide, type Loaded } from './kernel-side.ts';
import {
  fixedVariables,
  kernelVariables,
  type LoadOptions,
  loadKernelSide,
  readBuildId,
  readyKernelSide,
} from './load-kernel-side.ts';
import type { PinFolder } from './pin-folder.ts';
import { type LoadedObject, openPinnedObject, pinnedMaps } from './pinned-object.ts';
import {
  isComplete,
  type ParameterValue,
  parameterDifference,
  RECORDS,
  type Shape,
  shapeDifference,
  whyDead,
} from './pins.ts';
import { readSchedExtState } from './sched-ext-support.ts';

/** Unpinning is not synchronous: so long the kernel may take until nothing is in force. */
const DISABLED_WAIT_MS = 10_000;
const DISABLED_LOOK_MS = 20;

export interface ObtainOptions extends LoadOptions {
  /** scheduler.pin */
  readonly pin: boolean;
  /** Locked by this process. */
  readonly pins: PinFolder;
  readonly logger: Logger;
  /** What this process has loaded for an attachment that is over; it belongs to the callee. */
  readonly loaded: Loaded | null;
}

/** ms until no sched_ext scheduler is in force, at once where the kernel knows none; null when one still is. */
export async function untilDisabled(limitMs = DISABLED_WAIT_MS, read = readSchedExtState): Promise<number | null> {
  const start = performance.now();
  for (let now = read(); now.supported && now.state !== 'disabled'; now = read()) {
    if (performance.now() - start > limitMs) return null;
    await sleep(DISABLED_LOOK_MS);
  }
  return Math.round(performance.now() - start);
}

function shapeOf(object: LoadedObject, maps: readonly string[]): Shape {
  return {
    records: Object.fromEntries(RECORDS.map((name) => [name, object.layout(name)])),
    variables: object.variables('.bss'),
    maps: Object.fromEntries(
      object
        .maps()
        .filter(({ name }) => maps.includes(name))
        .map((map) => [map.name, map]),
    ),
  };
}

function readParameters(
  section: string,
  names: readonly string[],
  object: LoadedObject,
): Record<string, ParameterValue> {
  const variables = object.variables(section);
  const globals = openGlobals(object.globals(section));
  try {
    return Object.fromEntries(
      names
        .filter((name) => Object.hasOwn(variables, name))
        .map((name) => {
          const { size, elementSize } = variables[name];
          return [name, size === elementSize ? globals.readNumber(name) : globals.bytes(name)];
        }),
    );
  } finally {
    globals.close();
  }
}

const shownId = (id: bigint): string => id.toString(16).padStart(16, '0').slice(0, 12);

function adopted(path: string, pinned: bigint, own: bigint): LogEntry {
  const taken = `adopted the scheduler that is in force, pinned in ${path}`;
  const text =
    pinned === own
      ? `${taken} (build ${shownId(own)})`
      : `${taken}: its BPF code of build ${shownId(pinned)} keeps running, this program brought build ${shownId(own)}; \`gthulhu off\` and a start put that one in force`;
  const fields = { pinPath: path, buildId: shownId(pinned), ownBuildId: shownId(own) };
  return entry(text, 'adopted the scheduler that is in force', fields);
}

/** Why the pinned object cannot serve this process; null when it can. */
function whyOther(options: ObtainOptions, own: BpfObject, object: LoadedObject): string | null {
  const maps = pinnedMaps(own.maps());
  const different = shapeDifference(shapeOf(own, maps), shapeOf(object, maps));
  if (different !== null) return different;
  const wished = kernelVariables(options);
  const names = Object.keys(wished);
  const found = { ...readParameters('.rodata', names, object), ...readParameters('.bss', names, object) };
  return parameterDifference(wished, found);
}

function readPinnedBuildId(object: LoadedObject): bigint {
  const rodata = openGlobals(object.globals('.rodata'));
  try {
    return rodata.readBigInt('build_id');
  } finally {
    rodata.close();
  }
}

/** The pinned scheduler as this process's own, or the reason why it cannot be. */
function adopt(options: ObtainOptions, own: BpfObject): KernelSide | string {
  const { pins, logger } = options;
  const gone = whyDead(0, readSchedExtState());
  if (gone !== null) return gone;
  const object = openPinnedObject(pins, pinnedMaps(own.maps()));
  try {
    const other = whyOther(options, own, object);
    const cpuIds = kernelVariables(options).nr_cpu_ids as number;
    const kernel = other === null ? new KernelSide({ object, cpuIds, attachOps: null, pins }) : null;
    const dead = kernel === null ? null : whyDead(kernel.exitRecord()?.kind ?? 0, readSchedExtState());
    if (kernel === null || dead !== null) {
      kernel?.close();
      object.close();
      return other ?? dead ?? '';
    }
    // What was asked or told before this process came.
    discardRings(object);
    const buildId = readPinnedBuildId(object);
    logger.log(adopted(pins.path, buildId, readBuildId(options.objectPath)));
    return kernel;
  } catch (error) {
    object.close();
    throw error;
  }
}

/** The same; what cannot even be read is a reason too. */
function tryAdopt(options: ObtainOptions): KernelSide | string {
  const { pins, pin } = options;
  if (!isComplete(pins.names())) return 'it was never attached, its link is missing';
  if (!pin) return 'scheduler.pin is false';
  const own = openObject(options.objectPath);
  try {
    return adopt(options, own);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    own.close();
  }
}

/** Unpins what is there and waits until nothing is in force. Throws where something stays. */
export async function endPinned(pins: PinFolder, reason: string, logger: Logger): Promise<void> {
  pins.unpin();
  const ms = await untilDisabled();
  const { ops } = readSchedExtState();
  if (ms === null)
    throw new Error(
      `the pins in ${pins.path} were removed (${reason}), but after ${DISABLED_WAIT_MS / 1000} s ${ops || 'a sched_ext scheduler'} is still in force; end the process that holds it`,
    );
  const line = `the scheduler pinned in ${pins.path} was not taken over: ${reason}; its pins are removed, nothing is in force`;
  logger.log(entry(line, 'the pinned scheduler was not taken over', { pinPath: pins.path, reason, ms }, 'warn'));
}

/** Loading takes the kernel most of a start: what is loaded serves again, unless what it was loaded with has changed. */
async function tryAgain(options: ObtainOptions, loaded: Loaded): Promise<KernelSide | null> {
  try {
    const other = parameterDifference(fixedVariables(options), loaded.fixed);
    if (other === null && (await untilDisabled()) !== null) {
      forgetAll(loaded.object);
      return readyKernelSide(loaded, options.topology, null);
    }
  } catch (error) {
    options.logger.warn(`loading anew: ${error instanceof Error ? error.message : String(error)}`);
  }
  loaded.object.close();
  return null;
}

/** The kernel side of this process: what it has loaded already, the pinned one where it can be taken over, else one that is loaded anew. */
export async function obtainKernelSide(options: ObtainOptions): Promise<KernelSide> {
  const { pins, pin, logger, loaded } = options;
  const again = loaded === null ? null : await tryAgain(options, loaded);
  if (again !== null) return again;
  if (pins.names().length > 0) {
    const found = tryAdopt(options);
    if (typeof found !== 'string') return found;
    await endPinned(pins, found, logger);
  }
  return loadKernelSide(options, pin ? pins : null);
}
