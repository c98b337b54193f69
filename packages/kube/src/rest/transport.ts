// SPDX-License-Identifier: Apache-2.0
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Access, Credentials, TlsSettings } from '../access/access.ts';

export interface Transport {
  /** A GET; the answer once its headers are there. */
  send(path: string, credentials: Credentials, signal: AbortSignal): Promise<IncomingMessage>;
  close(): void;
}

/** A peer that is gone without a word is noticed by TCP after this and ten probes, one a second. */
const KEEPALIVE_MS = 30_000;

/** HTTP/1.1, one connection for each request under way; a watch has its own. */
export function createTransport({ server, proxy }: Access, userAgent: string): Transport {
  const secure = server.startsWith('https:');
  const proxyEnv = proxy === null ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } };
  const newAgent = (tls: TlsSettings): http.Agent =>
    secure
      ? new https.Agent({
          ...tls,
          ...proxyEnv,
          keepAlive: true,
          keepAliveMsecs: KEEPALIVE_MS,
          maxFreeSockets: 1,
          timeout: 60_000,
        })
      : new http.Agent({
          ...proxyEnv,
          keepAlive: true,
          keepAliveMsecs: KEEPALIVE_MS,
          maxFreeSockets: 1,
          timeout: 60_000,
        });

  // Connections say who we are by certificate: other certificates, other connections.
  let agent: http.Agent | undefined;
  let agentTls: TlsSettings | undefined;
  let agentKey = '';
  const agentFor = (tls: TlsSettings): http.Agent => {
    if (agent !== undefined && agentTls === tls) return agent;
    const key = JSON.stringify(tls);
    if (agent === undefined || key !== agentKey) {
      agent = newAgent(tls);
      agentKey = key;
    }
    agentTls = tls;
    return agent;
  };

  return {
    send(path, { authorization, tls }, signal) {
      const headers = {
        accept: 'application/json',
        'user-agent': userAgent,
        ...(authorization === null ? {} : { authorization }),
      };
      return new Promise((resolve, reject) => {
        const options = { agent: agentFor(tls), headers, signal };
        const request = (secure ? https : http).request(`${server}${path}`, options, resolve);
        request.on('socket', (socket) => socket.setKeepAlive(true, KEEPALIVE_MS));
        request.on('error', reject);
        request.end();
      });
    },
    close: () => agent?.destroy(),
  };
}
