// SPDX-License-Identifier: Apache-2.0
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import { nearest } from './nearest.ts';
import { describeSchema, describeValue, durationHint, mismatch, type Schema } from './schema-words.ts';
import type { YamlSource } from './yaml-source.ts';

/** Where a key was written, by its dotted path: for checks that compare keys. */
export type Places = Map<string, Node>;

export interface ReadContext {
  readonly source: YamlSource;
  /** Other spellings of keys. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** All dotted paths, to point at a key that stands in another section. */
  readonly knownPaths?: readonly string[];
  readonly places?: Places;
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** The text of a mapping's key, null when it is not a plain one. */
const keyText = (node: unknown): string | null =>
  isScalar(node) && typeof node.value !== 'object' ? String(node.value) : null;

function unknownKey(name: string, path: string, known: readonly string[], context: ReadContext): string {
  const here = nearest(name, known);
  if (here !== null) return `unknown key; did you mean ${join(path, here)}?`;
  const elsewhere = (context.knownPaths ?? []).find((other) => other.slice(other.lastIndexOf('.') + 1) === name);
  if (elsewhere !== undefined) return `unknown key here; did you mean ${elsewhere}?`;
  return `unknown key; remove it, or use one of: ${known.join(', ')}`;
}

function readMap(map: YAMLMap, schema: Schema, path: string, context: ReadContext): Record<string, unknown> {
  const { source } = context;
  const properties = schema.properties ?? {};
  const value: Record<string, unknown> = {};
  const seen = new Set<string>();
  for (const pair of map.items) {
    const keyNode = pair.key as Node;
    const resolved = source.resolve(keyNode, path);
    if (resolved === undefined) continue;
    const written = keyText(resolved);
    if (written === null) {
      source.problem(keyNode, path, 'a key must be a single word; write `key: value`');
      continue;
    }
    const name = Object.hasOwn(context.aliases ?? {}, written) ? (context.aliases?.[written] ?? written) : written;
    const child = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (child === undefined) {
      source.problem(keyNode, join(path, written), unknownKey(written, path, Object.keys(properties), context));
      continue;
    }
    const childPath = join(path, name);
    if (seen.has(name)) {
      source.problem(keyNode, childPath, 'is set twice; remove one of the two');
      continue;
    }
    seen.add(name);
    const valueNode = pair.value as Node | null;
    // A key without a value has no node of its own to point at.
    context.places?.set(childPath, valueNode?.range == null ? keyNode : valueNode);
    const read = readNode(valueNode, child, childPath, context, keyNode);
    if (read !== undefined) value[name] = read;
  }
  reportMissing(map, schema, path, context, seen);
  return value;
}

/** A required key may be left out when it has a default, and so may a section, whose keys have theirs. */
function reportMissing(
  map: Node | undefined,
  schema: Schema,
  path: string,
  context: ReadContext,
  seen: ReadonlySet<string>,
): void {
  for (const name of schema.required ?? []) {
    const child = schema.properties?.[name];
    if (seen.has(name) || child === undefined || child.default !== undefined || child.properties !== undefined)
      continue;
    context.source.problem(map, join(path, name), 'is missing; add it');
  }
}

function readList(node: Node, schema: Schema, path: string, context: ReadContext): unknown[] | undefined {
  if (!isSeq(node)) {
    context.source.problem(node, path, `is ${describeValue(node)}, must be a list`);
    return undefined;
  }
  const limit = schema.maxItems ?? Number.POSITIVE_INFINITY;
  if (node.items.length > limit) {
    context.source.problem(node, path, `has ${node.items.length} entries, at most ${limit} are allowed`);
    return undefined;
  }
  const items = schema.items;
  if (items === undefined) return [];
  return node.items.map((item, index) => {
    const itemPath = `${path}[${index}]`;
    context.places?.set(itemPath, item as Node);
    return readNode(item as Node, items, itemPath, context);
  });
}

/**
 * The value of `node` if it is as `schema` says, else undefined and a problem for each thing that is wrong. Knows the
 * part of JSON schema that the contracts use: object, array, scalar types, enum, const, anyOf of scalars.
 * `parent` is where to point when the node has no place of its own.
 */
export function readNode(
  written: Node | null,
  schema: Schema,
  path: string,
  context: ReadContext,
  parent?: Node,
): unknown {
  const { source } = context;
  const node = source.resolve(written, path);
  if (node === undefined) return undefined;
  const empty = node === null || (isScalar(node) && node.value === null);
  if (schema.properties !== undefined) {
    // A section whose keys are all commented out is an empty section.
    if (empty) {
      reportMissing(parent ?? node ?? undefined, schema, path, context, new Set());
      return {};
    }
    if (isMap(node)) return readMap(node, schema, path, context);
    source.problem(written, path, `is ${describeValue(node)}, must be a mapping of keys to values`);
    return undefined;
  }
  if (empty) {
    source.problem(parent ?? node, path, `has no value; ${describeSchema(schema)}, or remove the key`);
    return undefined;
  }
  if (schema.type === 'array') return readList(node, schema, path, context);
  const value = isScalar(node) ? node.value : undefined;
  const wrong = isScalar(node) ? mismatch(value, schema) : `is ${describeValue(node)}, ${describeSchema(schema)}`;
  if (wrong === null) return value;
  source.problem(written, path, wrong + durationHint(value, schema));
  return undefined;
}
