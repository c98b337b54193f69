// SPDX-License-Identifier: Apache-2.0
import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { nearest } from './nearest.ts';

/** The part of JSON schema, with the annotations of the contracts, that the reader knows. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[] | undefined;
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: unknown;
  readonly unit?: string;
  readonly refused?: Readonly<Record<string, string>>;
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);

/** What a node is, in words. */
export function describeValue(node: Node | null): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node) || node.value === null) return 'empty';
  if (typeof node.value === 'string') return `the text ${JSON.stringify(shorten(node.value))}`;
  return shorten(String(node.value));
}

const inUnit = (schema: Schema): string => (schema.unit === undefined ? '' : ` ${schema.unit}`);

/** What a schema wants, as the second half of a sentence: `must be ...`. */
export function describeSchema(schema: Schema): string {
  return `must be ${wanted(schema)}`;
}

function wanted(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(wanted).join(' or ');
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.const !== undefined) return String(schema.const);
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'string') return 'a text';
  if (schema.type === 'array') return 'a list';
  const kind = schema.type === 'integer' ? 'a whole number' : 'a number';
  if (schema.minimum === undefined || schema.maximum === undefined) return kind + inUnit(schema);
  return `${kind} from ${schema.minimum} to ${schema.maximum}${inUnit(schema)}`;
}

/** Length in UTF-8 bytes: limits are about memory, not about what is seen. */
const byteLength = (text: string): number => new TextEncoder().encode(text).length;

function mismatchText(value: string, schema: Schema): string | null {
  const length = byteLength(value);
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    return `has ${length} bytes, at most ${schema.maxLength} are allowed`;
  }
  if (schema.minLength !== undefined && length < schema.minLength) return 'is empty, must have at least one character';
  return null;
}

function mismatchEnum(value: unknown, schema: Schema): string | null {
  if (schema.enum?.includes(value)) return null;
  const name = String(value);
  const reason = Object.hasOwn(schema.refused ?? {}, name) ? schema.refused?.[name] : undefined;
  if (reason !== undefined) return `${name} is refused: ${reason}`;
  if (name.trim() === '') return `is empty, ${describeSchema(schema)}`;
  const near = nearest(name, (schema.enum ?? []).map(String));
  const hint = near === null ? '' : `; did you mean ${near}?`;
  return `is ${JSON.stringify(shorten(name))}, ${describeSchema(schema)}${hint}`;
}

/** What is wrong with a scalar, null when nothing is. */
export function mismatch(value: unknown, schema: Schema): string | null {
  if (schema.anyOf !== undefined) {
    const results = schema.anyOf.map((branch) => mismatch(value, branch));
    if (results.includes(null)) return null;
    return `is ${typeof value === 'string' ? `the text ${JSON.stringify(shorten(value))}` : String(value)}, ${describeSchema(schema)}`;
  }
  if (schema.enum !== undefined) return mismatchEnum(value, schema);
  if (schema.const !== undefined) return value === schema.const ? null : `is not ${String(schema.const)}`;
  const shown = typeof value === 'string' ? `the text ${JSON.stringify(shorten(value))}` : String(value);
  const wrongType = `is ${shown}, ${describeSchema(schema)}`;
  if (schema.type === 'boolean') return typeof value === 'boolean' ? null : wrongType;
  if (schema.type === 'string')
    return typeof value === 'string' ? mismatchText(value, schema) : `${wrongType}; put it in quotes`;
  if (typeof value !== 'number' || !Number.isFinite(value)) return wrongType;
  if (schema.type === 'integer' && !Number.isInteger(value)) return wrongType;
  if (value < (schema.minimum ?? value) || value > (schema.maximum ?? value)) return wrongType;
  return null;
}

const NS_PER: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 };

/** `5ms` where a number is wanted is a mistake whose right form can be told. */
export function durationHint(value: unknown, schema: Schema): string {
  if (typeof value !== 'string') return '';
  const match = /^([0-9]+(?:\.[0-9]+)?) ?(ns|us|µs|ms|s)$/.exec(value);
  const to = NS_PER[schema.unit ?? ''];
  if (match === null || to === undefined) return '';
  return `; ${value} is written ${Math.round((Number(match[1]) * (NS_PER[match[2] ?? ''] ?? 1)) / to)}`;
}
