// SPDX-License-Identifier: Apache-2.0
/** What nobody can be faster than on this machine: Node's own server, which checks nothing and sends the same bytes. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const listing = readFileSync(process.argv[2]);
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(request.method === 'GET' ? listing : '{"success":true}');
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listens on ${(server.address() as AddressInfo).port}\n`));
