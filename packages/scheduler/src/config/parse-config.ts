// SPDX-License-Identifier: Apache-2.0
import { dirname, isAbsolute, resolve } from 'node:path';
import { type Config, ConfigSchema, configKeys, defaultConfig, parseConfigMapName } from '@gthulhu/contracts';
import type { Node } from 'yaml';
import { EndpointError, parseEndpoint } from '../api/endpoint.ts';
import { earlierSegment } from '../trace/segments.ts';
import { ConfigError, inFileOrder, type Problem } from './problem.ts';
import { type Places, readNode } from './read-node.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/** Size of a configuration file, bytes. Real ones have two thousand. */
export const CONFIG_MAX_BYTES = 1_024 * 1_024;

export interface ParsedConfig {
  readonly config: Config;
  /** What the author should know although the file can be used, in file order. */
  readonly warnings: readonly Problem[];
}

/** Keys that the command line sets, in their sections. */
export type Overrides = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `over` laid on `base`, section by section; a list takes the place of the one before. */
function merge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const below = merged[name];
    merged[name] = isSection(below) && isSection(value) ? merge(below, value) : value;
  }
  return merged;
}

const valueAt = (config: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], config);

/** Rules that concern more than one key. */
function checkTogether(config: Config, places: Places, source: YamlSource): void {
  const { scheduler } = config;
  if (scheduler.slice_ns_min > scheduler.slice_ns_default) {
    const key = places.has('scheduler.slice_ns_min') ? 'scheduler.slice_ns_min' : 'scheduler.slice_ns_default';
    const message = `slice_ns_min (${scheduler.slice_ns_min}) is greater than slice_ns_default (${scheduler.slice_ns_default}); make it equal or smaller`;
    source.problem(places.get(key), key, message);
  }
  const explicit = places.get('scheduler.dispatch');
  if (scheduler.kernel_mode && explicit !== undefined && scheduler.dispatch !== 'kernel') {
    const message = `contradicts scheduler.dispatch: ${scheduler.dispatch}; remove kernel_mode, or set dispatch to kernel`;
    source.problem(places.get('scheduler.kernel_mode'), 'scheduler.kernel_mode', message);
  }
}

function checkPinPath(config: Config, places: Places, source: YamlSource): void {
  const key = 'scheduler.pinPath';
  const { pinPath } = config.scheduler;
  if (isAbsolute(pinPath) && !pinPath.includes('.') && pinPath !== '/') return;
  const message = `is ${JSON.stringify(pinPath)}, must be an absolute path without dots; write ${defaultConfig().scheduler.pinPath}`;
  source.problem(places.get(key), key, message);
}

/** No path that the kernel knows holds one. */
const NUL = '\0';

function checkPaths({ scheduler }: Config, places: Places, source: YamlSource): void {
  for (const name of ['pinPath', 'policy', 'traceFile', 'strategiesFile'] as const) {
    if (!scheduler[name].includes(NUL)) continue;
    const key = `scheduler.${name}`;
    source.problem(
      places.get(key),
      key,
      `is ${JSON.stringify(scheduler[name])}, with a NUL character in it; write a path`,
    );
  }
}

/** A recording takes the place of what is there. */
function checkTraceFile({ scheduler }: Config, fileName: string, places: Places, source: YamlSource): void {
  const { traceFile, policy, strategiesFile } = scheduler;
  if (traceFile === '') return;
  const key = 'scheduler.traceFile';
  const folder = dirname(resolve(fileName));
  const recording = resolve(folder, traceFile);
  const others = [
    ['scheduler.policy', policy === '' ? '' : resolve(folder, policy)],
    ['scheduler.strategiesFile', strategiesFile === '' ? '' : resolve(strategiesFile)],
    ['this configuration', resolve(fileName)],
  ];
  const other = others.find(([, path]) => path === recording || path === earlierSegment(recording));
  if (other === undefined) return;
  const message = `is ${JSON.stringify(traceFile)}, and a recording takes the place of that file and of FILE.1 beside it, one of which is ${other[0]}; name another file`;
  source.problem(places.get(key), key, message);
}

function checkApi(config: Config, places: Places, source: YamlSource): void {
  const { agent, api, scheduler } = config;
  const wrong = (key: string, message: string): void => source.problem(places.get(key), key, message);
  if (!isAbsolute(agent.stateFolder))
    wrong('agent.stateFolder', `is ${JSON.stringify(agent.stateFolder)}, must be an absolute path`);
  if (!api.enabled) return;
  if (scheduler.strategiesFile !== '') {
    const both = 'strategies come from the API (api.enabled) or from a file, not from both; remove one of the two';
    wrong('scheduler.strategiesFile', both);
  }
  try {
    const { tls } = parseEndpoint(api.url, agent.stateFolder);
    if (api.mtls.enable && !tls) wrong('api.mtls.enable', 'needs an api.url that begins with https://');
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error;
    wrong('api.url', error.message);
  }
  if (api.mtls.enable && (api.mtls.cert_pem === '' || api.mtls.key_pem === ''))
    wrong('api.mtls.enable', 'needs api.mtls.cert_pem and api.mtls.key_pem, as PEM text');
}

function checkKubernetes({ kubernetes, workloads }: Config, places: Places, source: YamlSource): void {
  const wrong = (key: string, message: string): void => source.problem(places.get(key), key, message);
  const { configMap } = kubernetes.strategies;
  if (configMap !== '' && parseConfigMapName(configMap) === null)
    wrong(
      'kubernetes.strategies.configMap',
      `is ${JSON.stringify(configMap)}, must be NAMESPACE/NAME; write gthulhu/gthulhu-strategies`,
    );
  const { url } = workloads.kubelet;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    wrong('workloads.kubelet.url', `is ${JSON.stringify(url)}, must be a URL; write https://127.0.0.1:10250`);
}

function collectWarnings(config: Config, places: Places, source: YamlSource): Problem[] {
  const errors = source.problems.length;
  const warn = (node: Node | undefined, key: string, message: string): void => source.problem(node, key, message);
  for (const key of configKeys) {
    if (key.section || key.effect.to !== 'none') continue;
    if (places.has(key.path) && valueAt(config, key.path) !== key.default) {
      warn(places.get(key.path), key.path, 'is accepted but has no effect yet; remove it, or leave it for later');
    }
  }
  const fifo = config.simple_scheduler.enable_fifo;
  if (fifo && config.scheduler.mode !== 'simple' && config.scheduler.mode !== 'simple-fifo') {
    const key = 'simple_scheduler.enable_fifo';
    warn(places.get(key), key, `has no effect with scheduler.mode ${config.scheduler.mode}; it belongs to mode simple`);
  }
  if (config.scheduler.dispatch === 'kernel' && effectiveMode(config) === 'simple-fifo') {
    const key =
      ['scheduler.mode', 'scheduler.dispatch', 'scheduler.kernel_mode'].find((path) => places.has(path)) ?? '';
    warn(
      places.get(key),
      key,
      'dispatch kernel never asks the policy, so the order will not be that of simple-fifo; use dispatch hybrid',
    );
  }
  const unasked = whyNobodyAsks(config);
  const given = (['policy', 'traceFile'] as const).filter((name) => config.scheduler[name] !== '');
  if (unasked !== null && given.length > 0) {
    const key = `scheduler.${given[0]}`;
    const both = given.length > 1 ? ', nor has traceFile' : '';
    warn(
      places.get(key),
      key,
      `has no effect with ${unasked}${both}: no policy is asked; remove it, or let one be asked`,
    );
  }
  return source.problems.splice(errors);
}

/** The key that keeps every policy from being asked; null where one is. */
function whyNobodyAsks(config: Config): string | null {
  if (config.scheduler.backend === 'off') return 'backend: off';
  if (effectiveMode(config) === 'none') return 'mode: none';
  return config.scheduler.dispatch === 'kernel' ? 'dispatch: kernel' : null;
}

/** The policy that the configuration asks for: `enable_fifo` and `backend: off` taken into account. */
export function effectiveMode(config: Config): Config['scheduler']['mode'] {
  if (config.scheduler.backend === 'off') return 'none';
  if (config.scheduler.mode === 'simple' && config.simple_scheduler.enable_fifo) return 'simple-fifo';
  return config.scheduler.mode;
}

/**
 * Reads a configuration. Every key may be left out; an empty text is the defaults. `kernel_mode: true` comes out as
 * `dispatch: 'kernel'` too.
 * @throws ConfigError with everything that is wrong
 */
export function parseConfig(text: string, fileName: string, over: Overrides = {}): ParsedConfig {
  const source = readYaml(text, CONFIG_MAX_BYTES);
  const places: Places = new Map();
  const knownPaths = configKeys.map((key) => key.path);
  const read =
    source.problems.length > 0 ? {} : readNode(source.root, ConfigSchema, '', { source, places, knownPaths });
  const written = merge(defaultConfig(), (read ?? {}) as Record<string, unknown>);
  const config = merge(written, over) as Config;
  // A key with a wrong value has its default here: comparing it would report a second, false problem.
  const wrong = new Set(source.problems.map((problem) => problem.key));
  const compared = [
    'scheduler.slice_ns_min',
    'scheduler.slice_ns_default',
    'scheduler.kernel_mode',
    'scheduler.dispatch',
  ];
  if (!compared.some((key) => wrong.has(key))) checkTogether(config, places, source);
  if (!wrong.has('scheduler.pinPath')) checkPinPath(config, places, source);
  checkPaths(config, places, source);
  checkTraceFile(config, fileName, places, source);
  if (![...wrong].some((key) => key.startsWith('api') || key.startsWith('agent'))) checkApi(config, places, source);
  checkKubernetes(config, places, source);
  if (source.problems.length > 0) throw new ConfigError(fileName, source.problems);
  if (config.scheduler.kernel_mode) config.scheduler.dispatch = 'kernel';
  return { config, warnings: inFileOrder(collectWarnings(config, places, source)) };
}
