// SPDX-License-Identifier: Apache-2.0
import { touchKept } from '../kept-file.ts';
import { messageOf } from '../kube-error.ts';
import type { Client } from '../rest/client.ts';
import { type Reflector, type ReflectorOptions, startReflector } from '../watch/reflector.ts';
import { keepContent, loadContent } from './kept-content.ts';
import { type ConfigMapContent, type ConfigMapText, readConfigMap, type ToldContent } from './read-config-map.ts';

export interface ConfigMapOptions {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
  /**
   * Puts a text in force as a whole, or throws what is wrong with it and changes nothing. null is that there is no such
   * ConfigMap. Called with what was kept on disk first, then with each new text; never before it is done with the one
   * before, and of texts that come meanwhile with the last.
   */
  readonly apply: (content: ConfigMapContent | null) => void | Promise<void>;
  /** Where the text in force is kept over a restart; null keeps none. */
  readonly stateFile: string | null;
  /** One line for each text that is refused, and for what could not be kept. */
  readonly onWarning: (sentence: string) => void;
  readonly timing?: ReflectorOptions<unknown>['timing'];
  /** How often it is noted on disk that the server is heard. */
  readonly touchMs?: number;
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
  /**
   * How old what is known is, milliseconds: 0 while changes arrive, else since the server was heard last, also by a
   * process before this one. null where nobody can say.
   */
  readonly ageMs: number | null;
}

export interface ConfigMapFollower {
  /** What was kept is in force, or there is nothing of use: the disk has been asked, the server perhaps not. */
  readonly restored: Promise<void>;
  /** What was kept is in force, or the server has been heard, or it is known that it cannot be. */
  readonly ready: Promise<void>;
  status(): ConfigMapStatus;
  close(): Promise<void>;
}

const TOUCH_MS = 60_000;

const seenNow = ({ text, createdAt, resourceVersion }: ToldContent): ConfigMapContent => ({
  ...{ text, createdAt, resourceVersion, seenAt: Date.now() },
});

const sameContent = (a: ToldContent | null, b: ToldContent | null): boolean =>
  a?.text === b?.text && a?.createdAt === b?.createdAt;

/** Follows one key of one ConfigMap by a watch on its name: whoever follows needs no right to read others. */
export function followConfigMap(options: ConfigMapOptions): ConfigMapFollower {
  const { client, namespace, name, key, apply, stateFile, onWarning, touchMs = TOUCH_MS } = options;
  const source = { namespace, name, key };
  const title = `ConfigMap ${namespace}/${name}`;
  let state: ConfigMapStatus['state'] = 'waiting';
  let inForce: ConfigMapStatus['inForce'] = null;
  let fault = '';
  /** Why which text was refused last: it is said once. */
  let refused = '';
  let resourceVersion: string | null = null;
  /** undefined: nothing has been put in force yet, not even that there is none. */
  let applied: ConfigMapContent | null | undefined;
  let keptHeardAt: number | null = null;
  let reflector: Reflector<ConfigMapText> | null = null;
  let closed = false;
  let isReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });

  const keep = (content: ConfigMapContent | null): void => {
    if (stateFile === null) return;
    try {
      keepContent(stateFile, source, content);
    } catch (error) {
      onWarning(`${stateFile}: ${title} could not be kept for a restart: ${messageOf(error)}`);
    }
  };
  const refuse = (why: string, version: string | null): void => {
    state = 'refused';
    resourceVersion = version;
    fault = `${title} ${why}`;
    const now = `${version ?? ''} ${why}`;
    if (now !== refused) onWarning(`${fault}; what was in force before still is`);
    refused = now;
  };
  const take = async (told: ToldContent | null): Promise<void> => {
    if (applied === undefined || !sameContent(applied, told)) {
      const content = told === null ? null : seenNow(told);
      await apply(content);
      keep(content);
      applied = content;
    }
    inForce = told === null ? null : 'cluster';
    resourceVersion = told?.resourceVersion ?? null;
    fault = '';
    refused = '';
  };
  const look = async (found: ConfigMapText | undefined): Promise<void> => {
    if (found !== undefined && !found.ok) return refuse(found.why, found.resourceVersion);
    try {
      await take(found ?? null);
      state = found === undefined ? 'absent' : 'applied';
    } catch (error) {
      refuse(`is refused: ${messageOf(error)}`, found?.resourceVersion ?? null);
    }
  };

  let waiting: { readonly found: ConfigMapText | undefined } | null = null;
  let looking: Promise<void> | null = null;
  const lookAtAll = async (): Promise<void> => {
    while (waiting !== null && !closed) {
      const { found } = waiting;
      waiting = null;
      await look(found);
      isReady();
    }
    looking = null;
  };
  const seen = (found: ConfigMapText | undefined): void => {
    waiting = { found };
    looking ??= lookAtAll();
  };

  const restore = async (file: string): Promise<void> => {
    try {
      const kept = loadContent(file, source);
      if (kept === null) return;
      await apply(kept.content);
      applied = kept.content;
      inForce = 'disk';
      keptHeardAt = kept.heardAt;
      isReady();
    } catch (error) {
      onWarning(`${file}: what was kept of ${title} can't be used: ${messageOf(error)}`);
    }
  };
  const works = (): boolean => {
    const now = reflector?.status();
    return now?.synced === true && now.problem === null;
  };
  const touch = (): void => {
    if (stateFile === null || inForce !== 'cluster' || !works()) return;
    try {
      touchKept(stateFile);
    } catch {
      // What could not be kept has been said; only the age is told too old.
    }
  };
  const touching = setInterval(touch, touchMs).unref();

  const follow = (): Reflector<ConfigMapText> =>
    startReflector<ConfigMapText>({
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
      onProblem: () => isReady(),
      maxObjects: 1_000,
      ...(options.timing === undefined ? {} : { timing: options.timing }),
    });
  const restored = stateFile === null ? Promise.resolve() : restore(stateFile);
  const started = restored.then(() => {
    if (!closed) reflector = follow();
  });

  const ageMs = (): number | null => {
    if (works()) return 0;
    const heard = reflector?.status().heardAgoMs ?? null;
    if (heard !== null) return heard;
    const age = keptHeardAt === null ? -1 : Date.now() - keptHeardAt;
    return age < 0 ? null : age;
  };

  return {
    restored,
    ready,
    status() {
      const messages = [fault, reflector?.status().problem ?? ''].filter((text) => text !== '');
      return { state, inForce, message: messages.join('; '), resourceVersion, ageMs: ageMs() };
    },
    async close() {
      touch();
      closed = true;
      clearInterval(touching);
      isReady();
      await started;
      await reflector?.close();
      await looking;
    },
  };
}
