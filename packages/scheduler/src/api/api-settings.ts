// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { type Config, STATE_FILES } from '@gthulhu/contracts';
import { clientKey } from './client-key.ts';
import { parseEndpoint } from './endpoint.ts';
import type { Credentials } from './token-source.ts';
import { createTransport, type Limits, type Transport } from './transport.ts';

/** Where an interval is not given: that of the versions of 2025. */
const INTERVAL_SECONDS = 5;
const PUBLIC_KEY_MAX_BYTES = 16_384;

export const intervalSeconds = ({ interval }: Config['api']): number => (interval === 0 ? INTERVAL_SECONDS : interval);

/** A way to the API that the configuration names. @throws EndpointError, and what a wrong PEM text ends with */
export function openTransport({ api: { url, mtls }, agent }: Config, limits?: Limits): Transport {
  const keys = {
    cert: mtls.enable ? mtls.cert_pem : '',
    key: mtls.enable ? mtls.key_pem : '',
    ca: mtls.ca_pem,
  };
  return createTransport(parseEndpoint(url, agent.stateFolder), keys, limits);
}

/**
 * How the scheduler shows who it is: by a key of its own, or as clients of 2025 where the file of a public key is named.
 * Null for requests without a token. The socket of the node always asks for one.
 * @throws KeyError, or the error of reading the file
 */
export function schedulerCredentials({ api, agent }: Config): Credentials | null {
  const { url, public_key_path: publicKeyPath, auth_enabled: wanted } = api;
  if (!wanted && url !== '') return null;
  if (publicKeyPath !== '' && url !== '') {
    const pem = readFileSync(publicKeyPath, 'utf8');
    if (pem.length > PUBLIC_KEY_MAX_BYTES || !pem.includes('PUBLIC KEY-----'))
      throw new Error(`${publicKeyPath} holds no public key in PEM form`);
    return { by: 'publicKey', pem };
  }
  return { by: 'key', clientId: 'scheduler', key: clientKey(agent.stateFolder, STATE_FILES.schedulerKey, 'scheduler') };
}
