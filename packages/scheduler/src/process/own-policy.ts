// SPDX-License-Identifier: Apache-2.0
import { entry } from '../log/entry.ts';
import type { Logger } from '../log/logger.ts';
import { policyPrints } from '../log/messages.ts';
import { type PolicySource, readTrustedPolicyFile } from '../policies/policy-file.ts';
import type { PolicyModule } from '../policies/policy-module.ts';
import { runTrial, type TrialOptions, type TrialResult } from '../trial/run-trial.ts';
import type { PolicyHost, PolicyService } from './policy-host.ts';
import { watchFile } from './watch-file.ts';

export interface OwnPolicyOptions {
  /** Absolute path. */
  readonly file: string;
  /** Name of the built-in policy that decides where the file's own cannot. */
  readonly mode: string;
  /** What the running scheduler records; empty for none. */
  readonly liveTrace: string;
  readonly logger: Logger;
  readonly startHost: (module: PolicyModule | null) => PolicyHost;
  /** Tests have others. */
  readonly read?: (file: string) => PolicySource;
  readonly trial?: (options: TrialOptions) => Promise<TrialResult>;
  readonly rereadMs?: number;
  /** From a failure that may have been the machine's fault to the next trial. */
  readonly retryMs?: number;
}

/** A trial takes CPU time from a machine that had too little of it. */
const RETRY_MS = 60_000;

/** Enough of a hash to compare by eye. */
const shortHash = (sha256: string): string => `${sha256.slice(0, 12)}…`;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Keeps the policy of a file in force: tried before it is used, at the start and whenever the file changes. A file that
 * cannot be used changes nothing: at the start the built-in policy decides, later the policy before it.
 */
export function startOwnPolicy(options: OwnPolicyOptions): PolicyService {
  const { file, mode, liveTrace, logger, startHost } = options;
  const { read = readTrustedPolicyFile, trial = runTrial, retryMs = RETRY_MS } = options;
  const stopped = new AbortController();
  let host: PolicyHost | null = null;
  /** Of the content that was looked at last, good or bad. */
  let seen = '';
  /** When that content gets another trial; most is known for good or bad. */
  let retryAt = Number.POSITIVE_INFINITY;
  /** Of the content that the host did not take. */
  let unused = '';
  let lastFault = '';
  let looking: Promise<void> | null = null;
  let again = false;

  function refuse(reason: string): void {
    if (stopped.signal.aborted) return;
    if (host === null)
      logger.log(
        entry(
          `policy ${file} is not used: ${reason}; the built-in policy ${mode} decides`,
          'policy is not used',
          { file, reason },
          'error',
        ),
      );
    else
      logger.log(
        entry(
          `policy not reloaded: ${reason}; the policy before it stays`,
          'policy not reloaded',
          { file, reason },
          'warn',
        ),
      );
  }

  const withRetry = (reason: string): string =>
    retryAt < Number.POSITIVE_INFINITY ? `${reason} (tried again every ${retryMs / 1000} s)` : reason;

  /** The module that is to be used now; null where there is none or nothing has changed. */
  async function next(): Promise<PolicyModule | null> {
    let source: PolicySource;
    try {
      source = read(file);
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== lastFault) refuse(reason);
      lastFault = reason;
      return null;
    }
    lastFault = '';
    const known = source.sha256 === seen;
    if (known && performance.now() < retryAt) return null;
    seen = source.sha256;
    retryAt = Number.POSITIVE_INFINITY;
    const result = await trial({
      source,
      liveTrace,
      signal: stopped.signal,
      onPrinted: (line) => logger.log(policyPrints(line)),
    });
    if (result.passed) return result.module;
    if (result.machine === true) retryAt = performance.now() + retryMs;
    // That it is too slow again is no news.
    if (!known || result.machine !== true) refuse(withRetry(result.reason));
    return null;
  }

  async function reload(running: PolicyHost): Promise<void> {
    const module = await next();
    if (module === null || stopped.signal.aborted) return;
    const fields = { file, sha256: module.sha256 };
    try {
      await running.use(module);
      logger.log(entry(`policy reloaded: ${file} (sha256 ${shortHash(module.sha256)})`, 'policy reloaded', fields));
    } catch (error) {
      retryAt = performance.now() + retryMs;
      if (module.sha256 !== unused) refuse(withRetry(messageOf(error)));
      unused = module.sha256;
    }
  }

  /** One look at a time; what changes meanwhile is looked at afterwards. */
  function look(): void {
    if (stopped.signal.aborted || host === null) return;
    again = looking !== null;
    if (again) return;
    looking = reload(host).finally(() => {
      looking = null;
      if (again) look();
    });
  }

  async function begin(): Promise<void> {
    const module = await next();
    if (stopped.signal.aborted) return;
    host = startHost(module);
    if (module !== null) {
      const fields = { file, sha256: module.sha256 };
      logger.log(entry(`policy loaded: ${file} (sha256 ${shortHash(module.sha256)})`, 'policy loaded', fields));
    }
    look();
  }

  const watched = watchFile(file, {
    onChange: look,
    onUnwatched: (sentence) => logger.warn(sentence),
    ...(options.rereadMs === undefined ? {} : { rereadMs: options.rereadMs }),
  });
  const begun = begin();
  return {
    get restarts() {
      return host?.restarts ?? 0;
    },
    ready: begun.then(() => host?.ready),
    async stop() {
      stopped.abort();
      watched.stop();
      await begun;
      await host?.stop();
      await looking;
    },
  };
}
