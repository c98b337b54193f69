// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { KubeError, type KubeErrorCode, type KubeErrorDetails } from '../kube-error.ts';
import { afterFailure, type From, SILENT, WENT_BACK } from './resume.ts';

test.each<[KubeErrorCode, KubeErrorDetails, From, From]>([
  ['ERR_KUBE_STATUS', { status: 410 }, 'watch', 'list-newest'],
  ['ERR_KUBE_STATUS', { status: 410, reason: 'Expired' }, 'list-any', 'list-newest'],
  ['ERR_KUBE_STATUS', { status: 0, reason: 'Expired' }, 'watch', 'list-newest'],
  ['ERR_KUBE_STATUS', { status: 504, reason: 'Timeout' }, 'list-any', 'list-newest'],
  ['ERR_KUBE_STATUS', { status: 400 }, 'watch', 'list-newest'],
  ['ERR_KUBE_STATUS', { status: 401 }, 'watch', 'watch'],
  ['ERR_KUBE_STATUS', { status: 403 }, 'list-any', 'list-any'],
  ['ERR_KUBE_STATUS', { status: 429 }, 'watch', 'watch'],
  ['ERR_KUBE_STATUS', { status: 500 }, 'watch', 'watch'],
  ['ERR_KUBE_CONNECTION', {}, 'watch', 'watch'],
  ['ERR_KUBE_TIMEOUT', {}, 'list-newest', 'list-newest'],
  ['ERR_KUBE_ANSWER', {}, 'watch', 'list-any'],
  ['ERR_KUBE_ANSWER', {}, 'list-any', 'list-newest'],
  ['ERR_KUBE_ANSWER', { reason: WENT_BACK }, 'watch', 'list-newest'],
  ['ERR_KUBE_TIMEOUT', { reason: SILENT }, 'watch', 'list-any'],
  ['ERR_KUBE_TOO_LARGE', {}, 'watch', 'list-any'],
  ['ERR_KUBE_EXEC', {}, 'watch', 'watch'],
])('%s %j while %s: %s', (code, details, from, next) => {
  expect(afterFailure(new KubeError(code, 'x', details), from)).toBe(next);
});
