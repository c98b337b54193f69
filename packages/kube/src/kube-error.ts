// SPDX-License-Identifier: Apache-2.0

export type KubeErrorCode =
  /** A kubeconfig, or the files of a service account, cannot be used. */
  | 'ERR_KUBE_CONFIG'
  /** A credential plugin failed. */
  | 'ERR_KUBE_EXEC'
  /** The server cannot be reached, or the connection broke. */
  | 'ERR_KUBE_CONNECTION'
  /** It took too long. */
  | 'ERR_KUBE_TIMEOUT'
  /** The server answered with a status other than 200. */
  | 'ERR_KUBE_STATUS'
  /** The server's answer is not what the API promises. */
  | 'ERR_KUBE_ANSWER'
  /** An answer or a line is larger than is read. */
  | 'ERR_KUBE_TOO_LARGE'
  /** close() was called. */
  | 'ERR_KUBE_CLOSED';

export interface KubeErrorDetails extends ErrorOptions {
  /** HTTP status, or the code in a Status object of a stream. */
  readonly status?: number;
  /** `reason` of the Status object. */
  readonly reason?: string;
  /** How long the server asked to be left alone. */
  readonly retryAfterMs?: number;
}

export class KubeError extends Error {
  readonly code: KubeErrorCode;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: KubeErrorCode,
    message: string,
    { status, reason, retryAfterMs, ...options }: KubeErrorDetails = {},
  ) {
    super(message, options);
    this.name = 'KubeError';
    this.code = code;
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
