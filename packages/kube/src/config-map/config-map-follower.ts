// SPDX-License-Identifier: Apache-2.0
import { messageOf } from '../kube-error.ts';
import type { Client } from '../rest/client.ts';
import { type ReflectorOptions, startReflector } from '../watch/reflector.ts';
import { keepText, loadText } from './kept-text.ts';
import { type ConfigMapText, readConfigMap } from './read-config-map.ts';

export interface ConfigMapOptions {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  /**
   * Puts a text in force as a whole, or throws what is wrong with it and changes nothing. null is that there is no such
   * ConfigMap. Called with what was kept on disk first, then with each new text.
   */
  readonly apply: (text: string | null) => void;
  /** Where the text in force is kept over a restart; null keeps none. */
  readonly stateFile: string | null;
  readonly onWarning: (sentence: string) => void;
  readonly timing?: ReflectorOptions<unknown>['timing'];
}

export interface ConfigMapStatus {
  /**
   * `waiting`: the API server has not been heard. `absent`: there is no such ConfigMap. `applied`: its text is in force.
   * `refused`: it cannot be used, and what was in force before still is.
   */
  readonly state: 'waiting' | 'absent' | 'applied' | 'refused';
  /** Where the text in force is from; null when none is. */
  readonly inForce: 'cluster' | 'disk' | null;
  /** What is wrong and where; empty when nothing is. */
  readonly message: string;
  /** Version of the ConfigMap that `state` speaks of; null where there is none. */
  readonly resourceVersion: string | null;
  /** Milliseconds since the API server was heard; null is never. */
  readonly heardAgoMs: number | null;
}

export interface ConfigMapFollower {
  status(): ConfigMapStatus;
  close(): Promise<void>;
}

/** Follows one key of one ConfigMap by a watch on its name: whoever follows needs no right to read others. */
export function followConfigMap(options: ConfigMapOptions): ConfigMapFollower {
  const { client, namespace, name, key, apply, stateFile, onWarning } = options;
  const title = `ConfigMap ${namespace}/${name}`;
  let state: ConfigMapStatus['state'] = 'waiting';
  let inForce: ConfigMapStatus['inForce'] = null;
  let fault = '';
  let resourceVersion: string | null = null;
  let applied: string | null | undefined;

  const keep = (text: string | null): void => {
    if (stateFile === null) return;
    try {
      keepText(stateFile, text);
    } catch (error) {
      onWarning(`${stateFile}: ${title} could not be kept for a restart: ${messageOf(error)}`);
    }
  };
  const refuse = (why: string): void => {
    state = 'refused';
    fault = `${title} ${why}`;
    onWarning(`${fault}; what was in force before still is`);
  };
  const take = (text: string | null): void => {
    if (applied !== text) {
      apply(text);
      applied = text;
      keep(text);
    }
    inForce = text === null ? null : 'cluster';
    fault = '';
  };
  const seen = (found: ConfigMapText | undefined): void => {
    resourceVersion = found?.resourceVersion ?? null;
    if (found === undefined) {
      take(null);
      state = 'absent';
      return;
    }
    if (!found.ok) {
      refuse(found.why);
      return;
    }
    try {
      take(found.text);
      state = 'applied';
    } catch (error) {
      refuse(`is refused: ${messageOf(error)}`);
    }
  };

  const restore = (file: string): void => {
    try {
      const text = loadText(file);
      if (text === null) return;
      apply(text);
      applied = text;
      inForce = 'disk';
    } catch (error) {
      onWarning(`${file}: what was kept of ${title} can't be used: ${messageOf(error)}`);
    }
  };
  if (stateFile !== null) restore(stateFile);

  const reflector = startReflector<ConfigMapText>({
    client,
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`,
    fieldSelector: `metadata.name=${name}`,
    // A server that does not know the selector sends others too.
    keep: (object) => (object.meta.name === name ? readConfigMap(object, key) : null),
    onChange(change) {
      if (change.kind === 'set') seen(change.object);
      else if (change.kind === 'gone') seen(undefined);
      else seen(change.objects.get(`${namespace}/${name}`));
    },
    maxObjects: 1_000,
    ...(options.timing === undefined ? {} : { timing: options.timing }),
  });

  return {
    status() {
      const { problem, heardAgoMs } = reflector.status();
      const messages = [fault, problem ?? ''].filter((text) => text !== '');
      return { state, inForce, message: messages.join('; '), resourceVersion, heardAgoMs };
    },
    close: reflector.close,
  };
}
