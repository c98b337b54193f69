// SPDX-License-Identifier: Apache-2.0
import { Buffer } from 'node:buffer';
import { stripTypeScriptTypes } from 'node:module';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Policy } from './policy.ts';
import type { PolicySource } from './policy-file.ts';

/** A policy of one's own in JavaScript, ready to be run by any thread. */
export interface PolicyModule {
  readonly file: string;
  /** Of the file that it was made from. */
  readonly sha256: string;
  readonly code: string;
}

/** What is wrong with a policy, for its author: with file and line where they are known. */
export class PolicyFault extends Error {
  override readonly name = 'PolicyFault';
}

const imports = (specifier: string): string =>
  `imports ${JSON.stringify(specifier)}; a policy is one file: it may import node: modules, and types with \`import type\``;

/** Thrown into a policy that imports what it may not. */
export class PolicyImportFault extends Error {
  override readonly name = 'PolicyImportFault';

  constructor(specifier: string) {
    super(imports(specifier));
  }
}

/** `policy.ts:3`: the first place in that file that a stack names. */
function placeIn(stack: string, file: string): string {
  const { href, pathname } = pathToFileURL(file);
  for (const line of stack.split('\n')) {
    for (const name of [href, pathname, file]) {
      const at = line.indexOf(`${name}:`);
      const place = at < 0 ? null : /^:\d+(?::\d+)?/.exec(line.slice(at + name.length));
      if (place !== null) return `${file}${place[0]}`;
    }
  }
  return file;
}

/** Name and message of an error, type and text of anything else. Never throws, whatever was thrown: not all can be shown. */
export function textOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : `${typeof error} ${String(error)}`;
  } catch {
    return `${typeof error} that cannot be shown as text`;
  }
}

/** Somebody may have put a number there, or a getter that throws. */
function stackOf(error: unknown): string {
  try {
    return error instanceof Error && typeof error.stack === 'string' ? error.stack : '';
  } catch {
    return '';
  }
}

/** One line: the place in the policy's file, and what was thrown there. Never throws. */
export function describeThrown(error: unknown, file: string): string {
  return `${placeIn(stackOf(error), file)}: ${textOf(error)}`;
}

/** The parser's own place and words; null where it finds nothing wrong. */
function syntaxFault(text: string, file: string): string | null {
  try {
    stripTypeScriptTypes(text, { mode: 'strip', sourceUrl: pathToFileURL(file).href });
    return null;
  } catch (error) {
    return describeThrown(error, file);
  }
}

/**
 * Takes the types out of TypeScript; JavaScript stays as it is. Lines keep their numbers.
 * @throws PolicyFault for a syntax error, or for TypeScript that is more than types
 */
export function compilePolicy({ file, text, sha256 }: PolicySource): PolicyModule {
  const extension = extname(file);
  if (extension === '.cts' || extension === '.cjs')
    throw new PolicyFault(`${file}: is CommonJS by its name; a policy is a module: name it .ts, .mts, .mjs or .js`);
  if (extension !== '.ts' && extension !== '.mts') return { file, sha256, code: text };
  const fault = syntaxFault(text, file);
  if (fault !== null) throw new PolicyFault(fault);
  return { file, sha256, code: stripTypeScriptTypes(text, { mode: 'strip' }) };
}

function importFault(error: unknown, { file, code }: PolicyModule): string {
  const wanted = /Failed to resolve module specifier "([^"]*)"/.exec(textOf(error))?.[1];
  if (wanted !== undefined) return `${file}: ${imports(wanted)}`;
  if (error instanceof PolicyImportFault) return `${file}: ${error.message}`;
  // The module loader does not say where a syntax error is; the parser for types does.
  if (error instanceof SyntaxError) return syntaxFault(code, file) ?? describeThrown(error, file);
  return describeThrown(error, file);
}

/** Where the module loader finds the policy: in its address, so that no file is read again. */
export function policyUrl({ file, code }: PolicyModule): string {
  const named = `${code}\n//# sourceURL=${pathToFileURL(file).href}\n`;
  return `data:text/javascript;base64,${Buffer.from(named).toString('base64')}`;
}

/**
 * Runs the module and makes its policy. The code is loaded as it stands in `module`: no file is read again.
 * @throws PolicyFault
 */
export async function instantiatePolicy(module: PolicyModule): Promise<Policy> {
  const { file } = module;
  let exports: { createPolicy?: unknown };
  try {
    exports = await import(policyUrl(module));
  } catch (error) {
    throw new PolicyFault(importFault(error, module), { cause: error });
  }
  const create = exports.createPolicy;
  if (typeof create !== 'function') throw new PolicyFault(`${file}: exports no function createPolicy`);
  let policy: unknown;
  try {
    policy = create();
  } catch (error) {
    throw new PolicyFault(`${describeThrown(error, file)} (in createPolicy)`, { cause: error });
  }
  if (typeof (policy as Policy | null)?.decide !== 'function')
    throw new PolicyFault(`${file}: createPolicy gave no object with a method decide(batch, out, node)`);
  if (typeof (policy as Policy).name !== 'string' || (policy as Policy).name === '')
    throw new PolicyFault(`${file}: createPolicy gave a policy without a name; give it one: readonly name = 'mine'`);
  return policy as Policy;
}
