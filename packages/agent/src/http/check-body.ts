// SPDX-License-Identifier: Apache-2.0
import type { Static, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { InputError } from '../strategies/input-error.ts';

const compiled = new WeakMap<TSchema, Validator>();

/** `/strategies/3/priority` as `strategies[3].priority`. */
const place = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : `${path}${path && '.'}${part}`), '');

interface Fault {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

function words({ keyword, message, params }: Fault): string {
  const { additionalProperties = [], allowedValue } = params as {
    additionalProperties?: string[];
    allowedValue?: unknown;
  };
  if (keyword === 'additionalProperties') return `has the unknown key ${JSON.stringify(additionalProperties[0] ?? '')}`;
  return keyword === 'const' ? `must be ${JSON.stringify(allowedValue)}` : message;
}

/** The first fault, in the words of all the alternatives that the value could have been. */
function describe(faults: readonly Fault[]): string {
  // `boolean` repeats what additionalProperties says, `anyOf` what its alternatives say.
  const telling = faults.filter(({ keyword }) => keyword !== 'boolean' && keyword !== 'anyOf');
  const path = telling[0]?.instancePath ?? '';
  const said = new Set(telling.filter(({ instancePath }) => instancePath === path).map(words));
  return `${place(path) || 'the body'}: ${[...said].join(', or ')}`.slice(0, 500);
}

/**
 * The value, if it has the shape of the schema.
 * @throws InputError that names the place
 */
export function checkBody<T extends TSchema>(schema: T, value: unknown): Static<T> {
  let validator = compiled.get(schema);
  if (validator === undefined) {
    validator = Compile(schema) as unknown as Validator;
    compiled.set(schema, validator);
  }
  if (validator.Check(value)) return value as Static<T>;
  throw new InputError(describe(validator.Errors(value) as unknown as Fault[]));
}
