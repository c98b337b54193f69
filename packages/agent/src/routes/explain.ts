// SPDX-License-Identifier: Apache-2.0
import { type ExplanationAnswer, ExplanationAnswerSchema, NODE_API_PATHS, ProblemSchema } from '@gthulhu/contracts';
import { Type } from 'typebox';
import { Failure } from '../http/failure.ts';
import { type Route, succeeded } from '../http/route.ts';
import { type ExplainParts, explainTask } from '../workloads/explain-task.ts';

/** PID_MAX_LIMIT of the kernel. */
const PID_MAX = 4_194_304;

/** Which strategy applies to a task, and why. */
export function explainRoute(parts: ExplainParts): Route {
  return {
    spec: {
      method: 'GET',
      path: NODE_API_PATHS.explain,
      summary: 'Which strategy applies to a task, since when and why, and what the kernel has',
      scope: 'workloads:read',
      problems: true,
      query: { pid: Type.Integer({ minimum: 1, maximum: PID_MAX, description: 'Of a process or thread' }) },
      answers: {
        200: { description: 'Both halves; each says when it is missing', schema: ExplanationAnswerSchema },
        400: { description: 'pid is none', schema: ProblemSchema, contentType: 'application/problem+json' },
        404: { description: 'There is no such task', schema: ProblemSchema, contentType: 'application/problem+json' },
      },
    },
    handle: async (request): Promise<ExplanationAnswer> => {
      const { pid: text } = request.query as { pid?: unknown };
      const pid = Number(text);
      if (typeof text !== 'string' || !/^[1-9]\d{0,6}$/.test(text) || pid > PID_MAX)
        throw new Failure(400, `pid must be a number from 1 to ${PID_MAX}; ask for ${NODE_API_PATHS.explain}?pid=1`);
      const data = await explainTask(parts, pid);
      if (data === null) throw new Failure(404, `there is no task ${pid} on this node`);
      return { ...succeeded('Explained'), data };
    },
  };
}
