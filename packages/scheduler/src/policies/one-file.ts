// SPDX-License-Identifier: Apache-2.0
import { isBuiltin, registerHooks } from 'node:module';
import { PolicyImportFault, type PolicyModule, policyUrl } from './policy-module.ts';

/**
 * From now on this thread loads nothing but Node's own modules and that policy: what is imported besides was neither
 * tried nor checked. Holds for `import`, `import()` and `require` alike. It guards against mistakes and not against
 * malice: a policy has the rights of its process, and can read and run files without importing them.
 */
export function loadOneFileOnly(module: PolicyModule): void {
  const own = policyUrl(module);
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier !== own && !isBuiltin(specifier)) throw new PolicyImportFault(specifier);
      return nextResolve(specifier, context);
    },
  });
}
