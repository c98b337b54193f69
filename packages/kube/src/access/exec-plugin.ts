// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { KubeError, messageOf } from '../kube-error.ts';

/** `user.exec` of a kubeconfig (client.authentication.k8s.io, v1 and v1beta1). */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string;
  /** The cluster, for plugins that asked for it (`provideClusterInfo`). */
  readonly cluster?: object;
}

/** What a plugin gave. */
export interface ExecCredential {
  readonly token?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** Milliseconds since 1970; undefined is until they are refused. */
  readonly expiresAt?: number;
}

const LIMIT_MS = 60_000;
const MAX_BYTES = 1_048_576;

function run({ apiVersion, command, args, env, installHint, cluster }: ExecPlugin, limitMs: number): Promise<string> {
  const spec = { interactive: false, ...(cluster === undefined ? {} : { cluster }) };
  const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec });
  return new Promise((resolve, reject) => {
    const options = {
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: info },
      timeout: limitMs,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_BYTES,
    } as const;
    execFile(command, [...args], options, (cause, stdout, stderr) => {
      if (cause === null) return resolve(stdout);
      const said = stderr.trim().slice(-500);
      const why = cause.killed ? `did not end within ${limitMs / 1000} s` : said || messageOf(cause);
      const hint = cause.code === 'ENOENT' && installHint !== '' ? `; ${installHint}` : '';
      reject(new KubeError('ERR_KUBE_EXEC', `the credential plugin ${command} failed: ${why}${hint}`, { cause }));
    }).stdin?.end();
  });
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/**
 * What a plugin wrote.
 * @throws KubeError when it is no credential
 */
export function readExecCredential(command: string, apiVersion: string, output: string): ExecCredential {
  const fault = (what: string): never => {
    throw new KubeError('ERR_KUBE_EXEC', `the credential plugin ${command} ${what}`);
  };
  let answer: { apiVersion?: unknown; kind?: unknown; status?: Record<string, unknown> } | null;
  try {
    answer = JSON.parse(output);
  } catch {
    return fault('wrote something that is no JSON');
  }
  if (answer?.kind !== 'ExecCredential' || answer.apiVersion !== apiVersion)
    return fault(`did not write an ExecCredential of ${apiVersion}`);
  const status = answer.status ?? {};
  const token = text(status.token);
  const clientCertificate = text(status.clientCertificateData);
  const clientKey = text(status.clientKeyData);
  if (token === undefined && clientCertificate === undefined) return fault('gave neither a token nor a certificate');
  if ((clientCertificate === undefined) !== (clientKey === undefined))
    return fault('gave a certificate without its key');
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) return fault('gave a token with characters no token has');
  const expiresAt = Date.parse(text(status.expirationTimestamp) ?? '');
  return {
    ...(token === undefined ? {} : { token }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(Number.isNaN(expiresAt) ? {} : { expiresAt }),
  };
}

/**
 * Runs the plugin; it gets no terminal.
 * @throws KubeError with what it said
 */
export async function runExecPlugin(plugin: ExecPlugin, limitMs: number = LIMIT_MS): Promise<ExecCredential> {
  return readExecCredential(plugin.command, plugin.apiVersion, await run(plugin, limitMs));
}
