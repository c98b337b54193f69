// SPDX-License-Identifier: Apache-2.0
import type { Policy } from './policy.ts';
import { instantiatePolicy, type PolicyModule } from './policy-module.ts';
import { createPolicy } from './registry.ts';

/** A policy of one's own, or the built-in one of that mode. */
export const loadPolicy = async (mode: string, module: PolicyModule | null): Promise<Policy> =>
  module === null ? createPolicy(mode) : instantiatePolicy(module);
