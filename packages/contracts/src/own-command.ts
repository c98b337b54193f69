// SPDX-License-Identifier: Apache-2.0

/** What our own processes call themselves: they are protected whatever the configuration says. */
export const OWN_COMMAND = 'gthulhu';
