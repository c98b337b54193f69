// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { KubeError, messageOf } from '../kube-error.ts';
import { type Access, type Credentials, REREAD_MS, type TlsSettings } from './access.ts';
import { type ExecPlugin, runExecPlugin } from './exec-plugin.ts';
import { keepFresh, type Made } from './fresh.ts';
import { fileOf, type KubeconfigDocument, readKubeconfig, type Section, textOf } from './kubeconfig-document.ts';
import { proxyFor } from './proxy.ts';

const EMPTY: Section = { fields: {}, folder: '.' };
/** A plugin's credentials are renewed so long before they end. */
const EXEC_MARGIN_MS = 10_000;

const refused = (message: string): KubeError => new KubeError('ERR_KUBE_CONFIG', message);

async function content(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new KubeError('ERR_KUBE_CONFIG', `${path} can't be read: ${messageOf(cause)}`, { cause });
  }
}

/** PEM text out of `KEY-data` (base64) or of the file that `KEY` names. */
async function pem(section: Section, key: string): Promise<string | undefined> {
  const data = textOf(section, `${key}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = fileOf(section, key);
  return file === undefined ? undefined : content(file);
}

function named(document: KubeconfigDocument, list: 'clusters' | 'users', name: string): Section {
  const section = document[list].get(name);
  if (section === undefined)
    throw refused(`the kubeconfig's context names ${list.slice(0, -1)} ${name}, which it has not`);
  return section;
}

function execPlugin(user: Section, cluster: object): ExecPlugin | undefined {
  const exec = user.fields.exec as Record<string, unknown> | undefined;
  if (exec === undefined || exec === null) return undefined;
  const section = { fields: exec, folder: user.folder };
  const command = textOf(section, 'command');
  const apiVersion = textOf(section, 'apiVersion') ?? '';
  if (command === undefined) throw refused('user.exec in the kubeconfig has no command');
  if (!/^client\.authentication\.k8s\.io\/v1(beta1)?$/.test(apiVersion))
    throw refused(`user.exec in the kubeconfig has apiVersion ${apiVersion || '(none)'}; v1 and v1beta1 are spoken`);
  if (exec.interactiveMode === 'Always')
    throw refused(`the credential plugin ${command} wants a terminal (interactiveMode: Always), and there is none`);
  const env = Array.isArray(exec.env) ? (exec.env as { name?: unknown; value?: unknown }[]) : [];
  return {
    apiVersion,
    command: command.includes('/') ? resolve(user.folder, command) : command,
    args: Array.isArray(exec.args) ? exec.args.map(String) : [],
    env: Object.fromEntries(env.map(({ name, value }) => [String(name), String(value)])),
    installHint: (textOf(section, 'installHint') ?? '').trim(),
    ...(exec.provideClusterInfo === true ? { cluster } : {}),
  };
}

/** Ways to say who one is that no API server knows any more, or that are not spoken here. */
function refuseOthers(user: Section): void {
  for (const [key, what] of [
    ['auth-provider', 'was removed from Kubernetes; use exec'],
    ['username', 'was removed from Kubernetes; use a token or a certificate'],
    ['as', 'is not supported'],
    ['as-groups', 'is not supported'],
  ] as const)
    if (user.fields[key] !== undefined) throw refused(`user.${key} in the kubeconfig ${what}`);
}

async function tlsOf(cluster: Section, user: Section): Promise<TlsSettings> {
  const [ca, cert, key] = await Promise.all([
    pem(cluster, 'certificate-authority'),
    pem(user, 'client-certificate'),
    pem(user, 'client-key'),
  ]);
  if ((cert === undefined) !== (key === undefined))
    throw refused('the user in the kubeconfig has a client certificate without its key, or a key without it');
  const servername = textOf(cluster, 'tls-server-name');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(servername === undefined ? {} : { servername }),
    ...(cluster.fields['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
  };
}

async function make(cluster: Section, user: Section, plugin: ExecPlugin | undefined): Promise<Made> {
  const tls = await tlsOf(cluster, user);
  if (plugin !== undefined) {
    const given = await runExecPlugin(plugin);
    const credentials: Credentials = {
      authorization: given.token === undefined ? null : `Bearer ${given.token}`,
      tls:
        given.clientCertificate === undefined
          ? tls
          : { ...tls, cert: given.clientCertificate, key: given.clientKey ?? '' },
    };
    const goodForMs =
      given.expiresAt === undefined ? Number.POSITIVE_INFINITY : given.expiresAt - Date.now() - EXEC_MARGIN_MS;
    // A clock that is off would run the plugin for each request.
    return { credentials, goodForMs: Math.max(goodForMs, EXEC_MARGIN_MS) };
  }
  const file = fileOf(user, 'tokenFile');
  const token = file === undefined ? textOf(user, 'token') : (await content(file)).trim();
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw refused(`the token of the kubeconfig is empty or no token`);
  return {
    credentials: { authorization: token === undefined ? null : `Bearer ${token}`, tls },
    goodForMs: REREAD_MS,
  };
}

function serverOf(cluster: Section): URL {
  const text = textOf(cluster, 'server');
  if (text === undefined || !URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw refused(`the cluster in the kubeconfig has no usable server: ${text ?? '(none)'}; write https://host:port`);
  return new URL(text);
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host);

/** The files that KUBECONFIG names, else `~/.kube/config`. */
export const defaultKubeconfig = (env: NodeJS.ProcessEnv = process.env): string[] => {
  const paths = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  return paths.length > 0 ? paths : [join(env.HOME || homedir(), '.kube', 'config')];
};

export interface KubeconfigOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Instead of the current one. */
  readonly context?: string;
}

/**
 * Access as kubeconfig files say it. Files that they name, and what plugins gave, are read again in time.
 * @param paths one file, or several where the first to name a thing says what it is
 * @throws KubeError
 */
export async function fromKubeconfig(
  paths: readonly string[],
  { env = process.env, context: wanted }: KubeconfigOptions = {},
): Promise<Access> {
  const files = paths.map(async (path) => ({ path, folder: dirname(resolve(path)), text: await content(path) }));
  const document = readKubeconfig(await Promise.all(files));
  const contextName = wanted ?? document.currentContext;
  const context = document.contexts.get(contextName);
  if (context === undefined)
    throw refused(
      contextName === '' ? 'the kubeconfig has no current-context' : `the kubeconfig has no context ${contextName}`,
    );
  const cluster = named(document, 'clusters', textOf(context, 'cluster') ?? '');
  const userName = textOf(context, 'user');
  const user = userName === undefined ? EMPTY : named(document, 'users', userName);
  refuseOthers(user);
  const url = serverOf(cluster);
  const plugin = execPlugin(user, {
    server: url.href,
    'certificate-authority-data': textOf(cluster, 'certificate-authority-data'),
  });
  const fresh = keepFresh(() => make(cluster, user, plugin));
  const first = await fresh.get();
  if (url.protocol === 'http:' && first.authorization !== null && !isLoopback(url.hostname))
    throw refused(`${url.href} is plain http: the token would be readable on the way; write https`);
  const proxy = textOf(cluster, 'proxy-url') ?? proxyFor(url, env);
  if (proxy !== null && !/^https?:\/\//.test(proxy))
    throw refused(`the proxy ${proxy} is not spoken to; http and https proxies are`);
  return {
    server: url.href.replace(/\/+$/, ''),
    proxy,
    namespace: textOf(context, 'namespace') ?? 'default',
    credentials: fresh.get,
    refuse: fresh.refuse,
  };
}
