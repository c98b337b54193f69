// SPDX-License-Identifier: Apache-2.0
import type { ComingUnit } from '@gthulhu/contracts';

/** By which a unit is known here: neither of its names has a slash. */
export const unitKey = ({ slice, name }: Pick<ComingUnit, 'slice' | 'name'>): string => `${slice}/${name}`;
