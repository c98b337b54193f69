// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { whyNoBinary } from './binaries.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { makeRunFolder, RUN_FOLDER } from './run-folder.ts';

/** Why there can be no cluster here; null where there can. */
export function whyNoCluster(): string | null {
  return whyNoBinary('kube') ?? whyNoBinary('kwok');
}

let started: Promise<ControlPlane> | undefined;

/** The cluster that all tests of a run share; starts with the first that asks, ends with the process. */
export function cluster(): Promise<ControlPlane> {
  started ??= startControlPlane(mkdtempSync(join(process.env[RUN_FOLDER] ?? makeRunFolder(), 'cluster-')));
  return started;
}
