// SPDX-License-Identifier: Apache-2.0
import { lstatSync, mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { STATE_FILES } from '@gthulhu/contracts';
import { AgentError } from '../agent-error.ts';

/** Where the agent keeps what it must not lose, and what nobody else may read. */
export interface StateFolder {
  readonly path: string;
  /** Of a file in it, by its key in STATE_FILES. */
  file(name: keyof typeof STATE_FILES): string;
}

/** @throws AgentError unless it is a folder of this user's that nobody else may enter */
function checkFolder(path: string): void {
  const status = lstatSync(path);
  if (!status.isDirectory()) throw new AgentError(`${path} is not a folder; remove it, or set agent.stateFolder`);
  const me = process.geteuid?.() ?? status.uid;
  if (status.uid !== me) {
    throw new AgentError(
      `the state folder ${path} belongs to user ${status.uid}, and this is user ${me}: chown it to ${me}`,
    );
  }
  if ((status.mode & 0o077) !== 0) {
    const mode = `0${(status.mode & 0o7777).toString(8)}`;
    throw new AgentError(`the state folder ${path} has mode ${mode}, which lets others in: chmod 0700 it`);
  }
}

/**
 * Makes the folder and the one of client keys where they are missing, 0700, and refuses what others could have touched.
 * @throws AgentError
 */
export function openStateFolder(path: string): StateFolder {
  if (!isAbsolute(path)) throw new AgentError(`agent.stateFolder is ${path}, must be an absolute path`);
  const clients = join(path, STATE_FILES.clientFolder);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    checkFolder(path);
    mkdirSync(clients, { recursive: true, mode: 0o700 });
    checkFolder(clients);
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    const { message } = cause as Error;
    throw new AgentError(`the state folder ${path} cannot be made: ${message}; set agent.stateFolder to another`, {
      cause,
    });
  }
  return { path, file: (name) => join(path, STATE_FILES[name]) };
}
