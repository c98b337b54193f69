// SPDX-License-Identifier: Apache-2.0

/** The API server takes no names that are no words: they travel in hexadecimal, and the proxy writes them out. */
export const nameInServer = (name: string): string => `x${Buffer.from(name).toString('hex')}x`;
/** A line of the server's, with the names in it written out. */
export const writeOut = (line: string): string =>
  line.replace(
    /"name":"x((?:[0-9a-f]{2})+)x"/g,
    (_all, hex: string) => `"name":${JSON.stringify(Buffer.from(hex, 'hex').toString())}`,
  );
