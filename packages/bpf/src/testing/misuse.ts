// SPDX-License-Identifier: Apache-2.0
/**
 * Calls everything in every wrong way and reports what did not end in a BpfError. The list of functions is taken from
 * the addon and from the objects themselves, so that a new one cannot be forgotten.
 */
import { readFileSync } from 'node:fs';
import { native } from '../addon.ts';
import * as api from '../index.ts';
import { Complaints } from './complaints.ts';
import { loadBasics, testObject } from './test-objects.ts';
import { wrongPlaces } from './wrong-places.ts';

type Call = (...args: unknown[]) => unknown;

/** Without arguments these have nothing to complain about. */
const NO_ARGUMENTS = new Set([
  'takeLog',
  'enableStats',
  'possibleCpus',
  'libbpfVersion',
  'gettid',
  'threadCpuNs',
  'monotonicNs',
  'releaseProgramPages',
  'enableBpfStats',
]);
/** Not for random arguments: some would change this process or stop it for long. */
const NOT_AT_RANDOM = new Set(['init', 'schedSetAttr', 'sleepUntil', 'pinLink', 'pinFd', 'mountBpfFs']);

function junk(): unknown[] {
  const detached = new Uint8Array(8);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const growable = new ArrayBuffer(16, { maxByteLength: 64 });
  const shrunk = new Uint8Array(growable);
  growable.resize(0);
  return [
    undefined,
    null,
    true,
    0,
    -1,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 31,
    2 ** 53,
    2 ** 64,
    10n,
    '',
    '\0',
    'x'.repeat(5000),
    '\ud800',
    Symbol('s'),
    {},
    [],
    [undefined],
    () => 0,
    new Uint8Array(0),
    new Uint8Array(100_000),
    detached,
    shrunk,
    new Float64Array(4),
    new DataView(new ArrayBuffer(4)),
    new ArrayBuffer(8),
    new SharedArrayBuffer(8),
    new Proxy({}, {}),
    new Date(0),
    Object.create(null),
    { size: 8, fields: { x: null } },
    { size: 1e9, fields: { x: { offset: 0, size: 8, signed: false, count: 1 } } },
    { fd: 3, size: 8, vars: { x: null } },
  ];
}

/** Each function with nothing, and with each piece of junk in all places. */
function wrongTypes(complaints: Complaints, functions: Record<string, Call>): void {
  for (const [name, call] of Object.entries(functions)) {
    if (NO_ARGUMENTS.has(name.split('.').at(-1) as string)) continue;
    complaints.expectThrow(`${name}()`, () => call());
    // Whatever is no function: init() takes one.
    for (const [i, value] of junk().entries()) {
      if (name === 'init' && typeof value === 'function') continue;
      if (name.endsWith('setLogLevel') || name.endsWith('prctlTimerSlack') || name.endsWith('sleepUntil'))
        complaints.tolerate(name, () => call(value));
      else if (name === 'ring.wait' && typeof value === 'number' && value > 1)
        continue; // would wait for it
      else complaints.tolerate(`${name}(junk ${i})`, () => call(...Array.from({ length: 8 }, () => value)));
    }
  }
  native.setLogLevel(-1);
}

/** Pseudo-random arguments out of good and bad ones, among them handles of every kind, open and closed. */
function atRandom(complaints: Complaints, functions: Record<string, Call>, good: unknown[], rounds: number): void {
  let state = 20240607;
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const names = Object.keys(functions).filter((name) => !NOT_AT_RANDOM.has(name));
  const pool = [...junk(), ...good, ...good, ...good];
  const handles: unknown[] = [];
  for (let i = 0; i < rounds; i++) {
    const name = names[next(names.length)] as string;
    const args = Array.from({ length: next(9) }, () => pool[next(pool.length)]);
    complaints.tolerate(`${name} at random`, () => {
      const result = functions[name]?.(...args);
      if (name.startsWith('pidfd')) native.closeFd(result as number);
      if (typeof result === 'object' && result !== null && /^(open|enable|attach)/.test(name)) handles.push(result);
      for (const method of ['drain', 'wait', 'skipped', 'apply', 'encode']) {
        const bound = (result as Record<string, Call> | undefined)?.[method];
        if (typeof bound === 'function') complaints.tolerate(method, () => bound.call(args[0], ...args));
      }
    });
    const stale = handles.length > 20 ? handles.splice(next(handles.length), 1)[0] : undefined;
    const handle = (stale as { handle?: unknown } | undefined)?.handle ?? stale;
    if (handle) complaints.tolerate('close', () => native.close(handle as never));
  }
}

/** Functions of an object, and its getters as functions. */
function methodsOf(name: string, object: object): Record<string, Call> {
  const methods: [string, Call][] = [];
  for (const [key, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
    const call: unknown = get ?? value;
    if (typeof call === 'function') methods.push([`${name}.${key}`, call as Call]);
  }
  return Object.fromEntries(methods);
}

/** One of each thing that the package opens, with the call that ends it. */
function openAll(): { name: string; object: object; end: () => void }[] {
  const object = loadBasics();
  const info = object.globals('.bss');
  const layout = object.layout('record');
  const map = object.map('hash');
  const globals = api.openGlobals(info);
  const ring = api.openRing(object.map('ring').info.fd, layout, ['tail'], 8);
  const decisions = api.openDecisions(
    object.programFd('apply'),
    info,
    'decisions',
    object.layout('decision'),
    ['pid'],
    8,
  );
  const program = api.openSyscallProgram(object.programFd('apply'), object.layout('apply_args'));
  const link = object.attachProgram('on_exec');
  const tracing = api.attachTracing(object.programFd('on_exec'));
  const types = api.openMapTypes(info.fd);
  return [
    ...Object.entries({ map, globals, ring, decisions, program, types }).map(([name, opened]) => ({
      name,
      object: opened,
      end: opened.close,
    })),
    { name: 'link', object: link, end: link.detach },
    { name: 'tracing', object: tracing, end: tracing.detach },
    { name: 'object', object, end: object.close },
  ];
}

function closedObjects(complaints: Complaints): void {
  const bytes = new Uint8Array(4);
  const args: Record<string, unknown[]> = {
    setGlobal: ['counter', 1],
    setMapMaxEntries: ['hash', 1],
    setOpsField: ['x', 'y', 1],
    map: ['hash'],
    programFd: ['apply'],
    globals: ['.bss'],
    variables: ['.bss'],
    layout: ['record'],
    attach: ['x'],
    attachProgram: ['on_exec'],
    lookup: [bytes],
    lookupPerCpu: [bytes],
    update: [bytes, bytes],
    delete: [bytes],
    readNumber: ['counter'],
    readBigInt: ['counter'],
    write: ['counter', 1],
    bytes: ['counter'],
    wait: [0],
    apply: [1],
    encode: [1],
    pin: ['/x'],
  };
  for (const { name, object, end } of openAll()) {
    end();
    end();
    for (const [key, call] of Object.entries(methodsOf(name, object))) {
      if (call === end) continue;
      complaints.expectThrow(`closed ${key}`, () => call(...(args[key.split('.')[1] as string] ?? [])));
    }
  }
}

/** @returns what was not answered with a BpfError, and how many calls were made */
export function misuse(rounds: number): { complaints: string[]; calls: number } {
  const complaints = new Complaints();
  const addon = Object.fromEntries(
    Object.entries(native).filter(([name]) => name !== 'selftestOverflow'),
  ) as unknown as Record<string, Call>;
  const doors = { ...methodsOf('api', { ...api }), ...methodsOf('kernel', api.kernel), ...methodsOf('sys', api.sys) };
  delete doors['api.BpfError'];
  wrongTypes(complaints, addon);
  wrongTypes(complaints, doors);
  for (const { name, object, end } of openAll()) {
    const methods = methodsOf(name, object);
    for (const last of ['close', 'detach', 'load', 'maps', 'keys', 'drain', 'run', 'fd', 'skipped'])
      delete methods[`${name}.${last}`];
    wrongTypes(complaints, methods);
    for (const call of Object.values(methodsOf(name, object)))
      if (call !== end) complaints.tolerate(`${name} with another this`, () => call.call({}, Symbol('x')));
    end();
  }
  closedObjects(complaints);

  const object = loadBasics();
  wrongPlaces(complaints, object);
  const closed = native.openObject(testObject('basics'));
  native.close(closed);
  const raw = native.openObject(testObject('basics'));
  const fresh = native.openObject(testObject('congestion'));
  native.load(raw);
  const info = object.globals('.bss');
  const fds = object.maps().map(({ fd }) => fd);
  const column = new Float64Array(new SharedArrayBuffer(512));
  const good = [
    raw,
    fresh,
    closed,
    native.openMap(fds[2] as number),
    native.openMap(fds[4] as number),
    native.openGlobals(info.fd),
    native.attachProgram(raw, 'on_exec'),
    native.openProgram(object.programFd('apply'), 16),
    native.attachTracing(object.programFd('on_exec')),
    native.openMapBtf(info.fd),
    ...fds,
    object.programFd('apply'),
    object.programFd('on_exec'),
    0,
    1,
    4,
    8,
    16,
    56,
    64,
    true,
    false,
    'ring',
    'hash',
    '.bss',
    '.rodata',
    'apply',
    'on_exec',
    'record',
    'congestion',
    'name',
    'ssthresh',
    testObject('basics'),
    testObject('refused'),
    new Uint8Array(4),
    new Uint8Array(8),
    new Uint8Array(16),
    new Uint8Array(24),
    [0, 4, 1, 1],
    [0, 8, 0, 1],
    [56, 8, 0, 1],
    [column],
    [column, column],
    column,
    process.pid,
    readFileSync(testObject('sched')),
  ];
  atRandom(complaints, addon, good, rounds);
  object.close();
  return { complaints: complaints.list, calls: complaints.calls };
}
