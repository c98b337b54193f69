// SPDX-License-Identifier: Apache-2.0

export interface TlsSettings {
  /** Authorities that are believed; undefined is those of the system. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name that the server's certificate must have, where it is not the host of the URL. */
  readonly servername?: string;
  readonly rejectUnauthorized?: false;
}

export interface Credentials {
  /** Value of the Authorization header; null where the certificate says who we are. */
  readonly authorization: string | null;
  readonly tls: TlsSettings;
}

/** Which API server, and who we are there. */
export interface Access {
  /** `https://host:port`, without a slash at its end. */
  readonly server: string;
  /** Proxy on the way there; null is none. */
  readonly proxy: string | null;
  /** The namespace to use where none is said. */
  readonly namespace: string;
  /**
   * What to show the server now. The same object as before as long as nothing has changed.
   * @throws KubeError
   */
  credentials(): Promise<Credentials>;
  /** The server did not take them: the next ones are made anew. */
  refuse(credentials: Credentials): void;
}

/** Tokens of service accounts are renewed on disk long before they end; authorities and certificates too. */
export const REREAD_MS = 60_000;
