// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '@gthulhu/contracts';
import { CONFIG_MAX_BYTES, type Overrides, type ParsedConfig, parseConfig } from './parse-config.ts';
import { ConfigError } from './problem.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist; give the path of an existing file',
  EACCES: 'may not be read by this user; check its permissions',
  EISDIR: 'is a directory; give the path of a file',
};

/** Why a file could not be read, as the second half of a sentence. */
export function readFailure(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  const known = typeof code === 'string' && Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  if (known !== undefined) return known;
  if (cause instanceof TypeError) return 'is not UTF-8 text; save it as UTF-8';
  return `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
}

/**
 * The text of a file, read up to one byte more than `maxBytes`: enough for the parser to refuse it, and a device that
 * never ends does not fill the memory.
 * @throws the error of the system call; TypeError when the bytes are not UTF-8
 */
export function readText(path: string, maxBytes: number): string {
  const fd = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    let total = 0;
    while (total <= maxBytes) {
      const chunk = Buffer.alloc(Math.min(65_536, maxBytes + 1 - total));
      const got = readSync(fd, chunk);
      if (got === 0) break;
      chunks.push(chunk.subarray(0, got));
      total += got;
    }
    const bytes = Buffer.concat(chunks);
    // Cut off in the middle of a character is not "not UTF-8": it is too long, which the parser says.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: total > maxBytes });
  } finally {
    closeSync(fd);
  }
}

/** Files stand beside the configuration that names them, wherever the command is run. */
function withAbsolutePaths(config: Config, folder: string): Config {
  const { policy, traceFile } = config.scheduler;
  const absolute = (path: string): string => (path === '' ? '' : resolve(folder, path));
  const { kubernetes, workloads } = config;
  return {
    ...config,
    scheduler: { ...config.scheduler, policy: absolute(policy), traceFile: absolute(traceFile) },
    kubernetes: { ...kubernetes, kubeconfig: absolute(kubernetes.kubeconfig) },
    workloads: { ...workloads, kubelet: { ...workloads.kubelet, caFile: absolute(workloads.kubelet.caFile) } },
  };
}

/**
 * The configuration of the given file, or the defaults when no file was named. A file that was named has to exist:
 * a typing error in `--config` must not silently give the defaults.
 * @param over what the command line says, stronger than the file
 * @throws ConfigError
 */
export function loadConfig(path: string | undefined, over: Overrides = {}): ParsedConfig {
  if (path === undefined) return parseConfig('', '(defaults)', over);
  let text: string;
  try {
    text = readText(path, CONFIG_MAX_BYTES);
  } catch (cause) {
    const message = `the configuration file ${readFailure(cause)}, or start without --config to use the defaults`;
    throw new ConfigError(path, [{ line: 0, column: 0, key: '', message }], { cause });
  }
  const parsed = parseConfig(text, path, over);
  return { ...parsed, config: withAbsolutePaths(parsed.config, dirname(resolve(path))) };
}
