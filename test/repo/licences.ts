// SPDX-License-Identifier: Apache-2.0

/** One entry of package-lock.json's `packages`, as far as licences go. */
export interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

const permissive = new Set([
  'Apache-2.0',
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
  'Python-2.0',
]);
/** Fine for a tool that is never shipped. */
const toolsOnly = new Set(['MPL-2.0']);

/** Whether an SPDX expression grants at least one allowed choice; only AND, OR and one level of brackets are read. */
function allowed(expression: string, dev: boolean): boolean {
  const choices = expression.replace(/^\((.*)\)$/, '$1').split(' OR ');
  return choices.some((choice) =>
    choice.split(' AND ').every((id) => permissive.has(id) || (dev && toolsOnly.has(id))),
  );
}

/** What is wrong with the licences of locked packages, one line each; none when all is well. */
export function licenceFaults(packages: Readonly<Record<string, LockedPackage>>): string[] {
  return Object.entries(packages).flatMap(([path, entry]) => {
    if (entry.link === true) return [];
    const name = path === '' ? 'this repository' : path;
    if (entry.license === undefined) return [`${name} names no licence`];
    return allowed(entry.license, entry.dev === true) ? [] : [`${name} has the licence ${entry.license}`];
  });
}
