// SPDX-License-Identifier: Apache-2.0
import { type Config, SCOPES, type Scope } from '@gthulhu/contracts';
import { connectToNode, loadConfig, type NodeConnection, type NodeFailure } from '@gthulhu/scheduler';
import type { Command } from '../command.ts';
import { EXIT, EXIT_OF_FAILURE } from '../exit-code.ts';
import { printable } from '../table.ts';
import { OUTPUTS } from './output.ts';

/** Options of every command that talks to the node API, for parseArgs. */
export const NODE_OPTIONS = {
  url: { type: 'string' },
  token: { type: 'string' },
  config: { type: 'string' },
  'state-folder': { type: 'string' },
  output: { type: 'string', short: 'o', default: 'table' },
} as const;

export interface NodeArguments {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly config?: string | undefined;
  readonly 'state-folder'?: string | undefined;
  readonly output: string;
}

/** Data goes to standard output, everything else to standard error. */
export const print = (text: string): void => void process.stdout.write(text);
export const note = (text: string): void => void process.stderr.write(text);

/** The command line is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function parseScopes(text: string | undefined): readonly Scope[] | undefined {
  if (text === undefined) return undefined;
  const wanted = text.split(/[\s,]+/).filter((scope) => scope !== '');
  for (const scope of wanted)
    if (!SCOPES.includes(scope as Scope))
      throw new UsageError(`--scope knows ${SCOPES.join(', ')}; there is no ${JSON.stringify(scope)}`);
  if (wanted.length === 0) throw new UsageError(`--scope takes some of ${SCOPES.join(', ')}`);
  return wanted as readonly Scope[];
}

const isNodeFailure = (error: unknown): error is NodeFailure => error instanceof Error && error.name === 'NodeFailure';

function settings(args: NodeArguments): Config | null {
  return args.config === undefined ? null : loadConfig(args.config).config;
}

/**
 * Carries out what has to do with the node API, and makes an exit code of how it ends.
 * @param run gets the way to the API; returns the exit code
 */
export async function withNode(
  args: NodeArguments,
  scopes: readonly Scope[] | undefined,
  run: (node: NodeConnection) => Promise<number>,
): Promise<number> {
  if (!OUTPUTS.includes(args.output as never))
    throw new UsageError(`-o takes ${OUTPUTS.join(', ')}, not ${args.output}`);
  let node: NodeConnection | null = null;
  try {
    const config = settings(args);
    node = await connectToNode({
      url: args.url ?? config?.api.url,
      token: args.token ?? (process.env.GTHULHU_TOKEN || undefined),
      stateFolder: args['state-folder'] ?? config?.agent.stateFolder,
      scopes,
    });
    return await run(node);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { message } = error as Error;
    note(`gthulhu: ${message.split('\n').map(printable).join('\ngthulhu: ')}\n`);
    return isNodeFailure(error) ? EXIT_OF_FAILURE[error.kind] : EXIT.failed;
  } finally {
    node?.close();
  }
}

/** A command whose errors of usage are told with the usage. */
export const withUsage =
  (command: Command): Command =>
  async (line) => {
    try {
      return await command(line);
    } catch (error) {
      if (error instanceof UsageError) return line.misused(error.message);
      throw error;
    }
  };
