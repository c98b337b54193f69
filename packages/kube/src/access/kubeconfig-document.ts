// SPDX-License-Identifier: Apache-2.0
import { isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import { KubeError, messageOf } from '../kube-error.ts';

type Fields = Readonly<Record<string, unknown>>;

/** One section of a kubeconfig, and the folder that its relative paths start from. */
export interface Section {
  readonly fields: Fields;
  readonly folder: string;
}

/** What one or several kubeconfig files say together. */
export interface KubeconfigDocument {
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, Section>;
  readonly users: ReadonlyMap<string, Section>;
  readonly contexts: ReadonlyMap<string, Section>;
}

export interface SourceFile {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function document({ path, text }: SourceFile): Fields {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100, logLevel: 'error' });
  } catch (cause) {
    throw new KubeError('ERR_KUBE_CONFIG', `${path} is not readable as YAML: ${messageOf(cause)}`, { cause });
  }
  if (value === null) return {};
  if (!isFields(value) || (value.kind !== undefined && value.kind !== 'Config'))
    throw new KubeError('ERR_KUBE_CONFIG', `${path} is not a kubeconfig: it has no kind: Config`);
  return value;
}

/**
 * Reads files in the order of KUBECONFIG: whoever names a thing first has said what it is.
 * @throws KubeError
 */
export function readKubeconfig(files: readonly SourceFile[]): KubeconfigDocument {
  const lists = { clusters: new Map<string, Section>(), users: new Map<string, Section>(), contexts: new Map() };
  let currentContext = '';
  for (const file of files) {
    const fields = document(file);
    if (currentContext === '' && typeof fields['current-context'] === 'string')
      currentContext = fields['current-context'];
    for (const [list, kind] of [
      ['clusters', 'cluster'],
      ['users', 'user'],
      ['contexts', 'context'],
    ] as const) {
      for (const entry of Array.isArray(fields[list]) ? fields[list] : []) {
        if (!isFields(entry) || typeof entry.name !== 'string')
          throw new KubeError('ERR_KUBE_CONFIG', `${file.path}: an entry of ${list} has no name`);
        const section = isFields(entry[kind]) ? entry[kind] : {};
        if (!lists[list].has(entry.name)) lists[list].set(entry.name, { fields: section, folder: file.folder });
      }
    }
  }
  return { currentContext, ...lists };
}

/** A text of a section; undefined where it is absent or empty. */
export function textOf({ fields }: Section, key: string): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new KubeError('ERR_KUBE_CONFIG', `${key} in the kubeconfig is not a text`);
  return value;
}

/** A file of a section, from the folder of the kubeconfig. */
export function fileOf(section: Section, key: string): string | undefined {
  const path = textOf(section, key);
  return path === undefined || isAbsolute(path) ? path : join(section.folder, path);
}
