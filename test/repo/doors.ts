// SPDX-License-Identifier: Apache-2.0
import { posix } from 'node:path';

/** Rooms from the top down: a room may use those of the lines after it, not those beside it. */
const floors = [['cli'], ['agent', 'scheduler'], ['workloads'], ['bpf', 'kube'], ['contracts']];
const floorOf = (room: string): number => floors.findIndex((rooms) => rooms.includes(room));

/** Everything a TypeScript source imports, exports from or loads, by its literal name. */
function specifiers(text: string): string[] {
  const pattern = /\b(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? '');
}

/**
 * What is wrong with one file's imports, one line each: a path that leaves its room, a way past another room's door,
 * a room above its own.
 * @param path from the repository's root, with forward slashes
 */
export function doorFaults(path: string, text: string): string[] {
  const room = /^packages\/([^/]+)\//.exec(path)?.[1];
  return specifiers(text).flatMap((specifier) => {
    if (specifier.startsWith('.')) {
      const target = /^packages\/([^/]+)\//.exec(posix.join(posix.dirname(path), specifier))?.[1];
      const leaves = room === undefined ? target !== undefined : target !== room;
      return leaves ? [`${path}: ${specifier} leaves its package; import the other one by its name`] : [];
    }
    const other = /^@gthulhu\/([^/]+)(\/.*)?$/.exec(specifier);
    if (other === null) return [];
    // Suites that tests across rooms run; nothing that is shipped uses them.
    if (other[2] === '/testing' && room === undefined) return [];
    if (other[2] !== undefined) return [`${path}: ${specifier} is not a door; import @gthulhu/${other[1]}`];
    if (room === undefined) return [];
    return floorOf(other[1] ?? '') > floorOf(room)
      ? []
      : [
          `${path}: ${room} may not use ${other[1]}; the order is ${floors.map((rooms) => rooms.join(', ')).join(' -> ')}`,
        ];
  });
}
