// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { nodeNameOf, nodeNameOr } from './node-name.ts';

const given = (config: string, NODE_NAME: string | undefined) => ({
  config,
  env: NODE_NAME === undefined ? {} : { NODE_NAME },
  hostname: 'Host-1',
});

test.each([
  ['said', 'by-env', 'said'],
  ['', 'by-env', 'by-env'],
  ['', '', 'host-1'],
  ['', undefined, 'host-1'],
])('%j in the configuration and %j in the environment is %s', (config, env, name) => {
  expect(nodeNameOf(given(config, env), false)).toBe(name);
});

test('in a pod the host name is the pod’s, and none of the node', () => {
  expect(() => nodeNameOf(given('', ''), true)).toThrow(/set NODE_NAME in the pod from fieldRef spec\.nodeName/);
  expect(nodeNameOf(given('', 'n'), true)).toBe('n');
  expect(nodeNameOr(given('', ''))).toBe('Host-1');
});

test.each([
  ['by-env\n', 'Host-1'],
  ['Node-1', 'Host-1'],
  ['a,metadata.namespace=kube-system', 'Host-1'],
  ['-a', 'Host-1'],
  ['', 'my_host'],
])('%j, else host name %j, is the name of no node', (NODE_NAME, hostname) => {
  expect(() => nodeNameOf({ config: '', env: { NODE_NAME }, hostname }, false)).toThrow(
    /^no node of a cluster can be called ".*kubectl get nodes/,
  );
});
