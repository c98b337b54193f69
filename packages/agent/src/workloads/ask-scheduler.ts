// SPDX-License-Identifier: Apache-2.0
import { request } from 'node:http';
import { SCHEDULER_API_PATHS, type TaskExplanation, TaskExplanationSchema } from '@gthulhu/contracts';
import { checkBody } from '../http/check-body.ts';

const LIMIT_MS = 2_000;
const LARGEST_ANSWER = 1_048_576;

/** What the scheduler read back from the kernel, or why there is no answer, as one line for people. */
export type KernelAnswer =
  | { readonly task: TaskExplanation; readonly missing: '' }
  | { readonly task: null; readonly missing: string };

const absent = (missing: string): KernelAnswer => ({ task: null, missing });

function read(status: number, text: string): KernelAnswer {
  try {
    const body: unknown = JSON.parse(text);
    if (status === 200) return { task: checkBody(TaskExplanationSchema, body), missing: '' };
    const { detail } = body as { detail?: unknown };
    return absent(`the scheduler says: ${typeof detail === 'string' ? detail : `status ${status}`}`);
  } catch (error) {
    return absent(`the scheduler's answer cannot be read (${(error as Error).message}); it may be of another version`);
  }
}

function reason(error: NodeJS.ErrnoException, path: string): string {
  const gone = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
  if (!gone) return `the scheduler cannot be asked on ${path}: ${error.message}`;
  return `no scheduler answers on ${path}; start \`gthulhu scheduler --api\` with the same agent.stateFolder, or \`gthulhu up\``;
}

/**
 * What the kernel has in force for a task. Never throws: the other half of an explanation is there without it.
 * @param socket of the scheduler process
 */
export function askScheduler(socket: string, pid: number): Promise<KernelAnswer> {
  return new Promise((resolve) => {
    const sent = request(
      { socketPath: socket, path: `${SCHEDULER_API_PATHS.explain}?pid=${pid}`, agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > LARGEST_ANSWER) sent.destroy(new Error('its answer does not end'));
        });
        answer.on('error', (error) => resolve(absent(reason(error, socket))));
        answer.on('end', () => resolve(read(answer.statusCode ?? 0, text)));
      },
    );
    sent.setTimeout(LIMIT_MS, () => sent.destroy(new Error(`no answer within ${LIMIT_MS / 1_000} s`)));
    sent.on('error', (error) => resolve(absent(reason(error, socket))));
    sent.end();
  });
}
