// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { batchOf, decisionsFor, node } from './batch.fixture.ts';
import { compilePolicy, describeThrown, instantiatePolicy } from './policy-module.ts';

const load = (text: string, file = '/etc/gthulhu/my policy.ts') =>
  instantiatePolicy(compilePolicy({ file, text, sha256: 'x' }));

const GOOD = `
import type { Policy } from 'types-only';
export const createPolicy = (): Policy => ({ name: 'mine', decide(batch, out) { out.key[0] = 7 as number; } });
`;

test('types are taken out, and the policy decides', async () => {
  const policy = await load(GOOD);
  expect(policy.name).toBe('mine');
  const batch = batchOf([{}]);
  const out = decisionsFor(batch);
  policy.decide(batch, out, node);
  expect(out.key[0]).toBe(7);
});

test('JavaScript is left as it is', () => {
  const text = 'export const a = 1 as any;';
  expect(compilePolicy({ file: '/p.mjs', text, sha256: '' }).code).toBe(text);
});

test.each<[string, string, string, RegExp]>([
  ['nothing', '/p.ts', '', /^\/p\.ts: exports no function createPolicy$/],
  ['no function', '/p.ts', 'export const createPolicy = "x";', /exports no function createPolicy/],
  ['no policy', '/p.ts', 'export const createPolicy = () => null;', /no object with a method decide/],
  ['no name', '/p.ts', 'export const createPolicy = () => ({ decide() {} });', /a policy without a name/],
  [
    'a syntax error in TypeScript',
    '/p.ts',
    'const a: number = 1;\nconst b = = 2;',
    /^\/p\.ts:2: SyntaxError: Expression/,
  ],
  ['a syntax error in JavaScript', '/p.mjs', 'const a = 1;\n\nconst b = = 2;', /^\/p\.mjs:3: SyntaxError: Expression/],
  ['more than types', '/p.ts', '\nenum A { x }', /^\/p\.ts:2: SyntaxError: TypeScript enum is not supported/],
  ['CommonJS', '/p.cjs', 'exports.createPolicy = 1', /is CommonJS by its name/],
  ['CommonJS in a module', '/p.js', '\nmodule.exports = 1', /ReferenceError: module is not defined/],
  ['throws when it is loaded', '/a b.ts', '\n\nthrow new Error("no")', /^\/a b\.ts.*: Error: no$/],
  [
    'createPolicy throws',
    '/p.ts',
    'export function createPolicy() {\n null.x; }',
    /^\/p\.ts.*: TypeError: .*\(in createPolicy\)$/,
  ],
  ['a relative import', '/p.ts', 'import { a } from "./a.ts";\na();', /imports "\.\/a\.ts"; a policy is one file/],
  ['a package', '/p.ts', 'import { a } from "yaml";\na();', /imports "yaml"; a policy is one file/],
  ['a name that is not there', '/p.ts', 'import { nope } from "node:fs";\nnope();', /\/p\.ts:1: SyntaxError: .*nope/],
])('%s', async (_, file, text, message) => {
  await expect(async () => load(text, file)).rejects.toThrow(message);
});

test('what is thrown need not be an error', () => {
  expect(describeThrown('x', '/p.ts')).toBe('/p.ts: string x');
  expect(describeThrown(undefined, '/p.ts')).toBe('/p.ts: undefined undefined');
});

test('what is thrown need not be fit for showing', () => {
  expect(describeThrown(null, '/p.ts')).toBe('/p.ts: object null');
  expect(describeThrown(Object.create(null), '/p.ts')).toBe('/p.ts: object that cannot be shown as text');
  expect(describeThrown(Object.assign(new Error('no'), { stack: 7 }), '/p.ts')).toBe('/p.ts: Error: no');
  expect(describeThrown(Object.assign(new Error('no'), { name: Symbol('x') }), '/p.ts')).toMatch(/cannot be shown/);
  const hidden = Object.defineProperty(new Error('no'), 'stack', {
    get() {
      throw new Error('hidden');
    },
  });
  expect(describeThrown(hidden, '/p.ts')).toBe('/p.ts: Error: no');
});
