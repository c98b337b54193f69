// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlPlane } from './control-plane.ts';

export interface TokenKubeconfig {
  readonly path: string;
  readonly tokenFile: string;
}

/** A kubeconfig whose user has a token in a file beside it. More fields for the cluster: `proxy-url`. */
export function writeTokenKubeconfig(plane: ControlPlane, token: string, cluster: object = {}): TokenKubeconfig {
  const folder = mkdtempSync(join(plane.folder, 'client-'));
  const authority = { 'certificate-authority': plane.authority.certificate };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: plane.server, ...authority, ...cluster } }],
    users: [{ name: 'agent', user: { tokenFile: 'token' } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'agent' } }],
    'current-context': 'test',
  };
  const [path, tokenFile] = [join(folder, 'config'), join(folder, 'token')];
  writeFileSync(path, JSON.stringify(config));
  writeFileSync(tokenFile, `${token}\n`);
  return { path, tokenFile };
}
