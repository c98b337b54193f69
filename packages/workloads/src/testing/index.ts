// SPDX-License-Identifier: Apache-2.0
/** For tests across rooms; nothing that is shipped uses it. */
export { type ContractOptions, type ProviderScene, testProvider } from './provider-contract.ts';
export { describeCgroups, type RealCgroups, realCgroups } from './real-cgroups.ts';
