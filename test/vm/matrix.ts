// SPDX-License-Identifier: Apache-2.0
import type { Boot } from './machine.ts';
import type { Dispatch, Machine, Request } from './plan.ts';

const KERNELS = ['7', '6.12'] as const;
const CPUS = [1, 2, 4] as const;
const DISPATCHES = ['hybrid', 'kernel'] as const;

const BAD_POLICIES = [
  'policyThrows',
  'policyHangs',
  'policyNaN',
  'policySlow',
  'policyPartial',
  'favoursZero',
  'delaysOthers',
];

/** All that makes sense there. Killed is last: it ends the scheduler that the others share. */
function everything(machine: Machine, dispatch: Dispatch): string[] {
  return [
    'attach',
    'frozen',
    'weights',
    'ownThreads',
    'forkStorm',
    ...(machine.cpus > 1 ? ['pinned', 'affinityChurn'] : []),
    'second',
    'killed',
    'none',
    // Latencies: where the guest's clock tells the truth about them.
    ...(machine.cpus === 1 ? ['strategies'] : []),
    ...(dispatch === 'hybrid' ? ['ringFull', ...BAD_POLICIES] : []),
  ];
}

interface Row extends Machine {
  readonly dispatch: Dispatch;
  readonly scenarios: readonly string[];
}

/** Every pair of kernel, CPUs and dispatch, and every scenario at least once. The longest first: two run at a time. */
const PAIRWISE: readonly Row[] = [
  { kernel: '7', cpus: 1, dispatch: 'hybrid', scenarios: ['ringFull', 'policyThrows', 'policyHangs', 'policyPartial'] },
  {
    kernel: '6.12',
    cpus: 1,
    dispatch: 'hybrid',
    scenarios: ['policyNaN', 'policySlow', 'favoursZero', 'delaysOthers'],
  },
  { kernel: '7', cpus: 1, dispatch: 'hybrid', scenarios: ['strategies', 'policyShuffles'] },
  { kernel: '7', cpus: 1, dispatch: 'hybrid', scenarios: ['attach', 'frozen', 'weights', 'second', 'killed', 'none'] },
  { kernel: '6.12', cpus: 2, dispatch: 'hybrid', scenarios: ['frozen', 'pinned', 'affinityChurn', 'killed'] },
  { kernel: '7', cpus: 4, dispatch: 'hybrid', scenarios: ['ownThreads', 'affinityChurn', 'forkStorm'] },
  { kernel: '6.12', cpus: 1, dispatch: 'kernel', scenarios: ['attach', 'forkStorm', 'weights'] },
  { kernel: '7', cpus: 2, dispatch: 'kernel', scenarios: ['pinned', 'forkStorm', 'killed'] },
  { kernel: '6.12', cpus: 4, dispatch: 'kernel', scenarios: ['ownThreads', 'pinned'] },
];

export const full = process.env.GTHULHU_TEST_FULL === '1';

function rows(): Row[] {
  if (!full) return [...PAIRWISE];
  return KERNELS.flatMap((kernel) =>
    CPUS.flatMap((cpus) =>
      DISPATCHES.flatMap((dispatch) => {
        const scenarios = everything({ kernel, cpus }, dispatch);
        // Two machines of half the length: each must end within the time limit of one.
        const half = Math.ceil(scenarios.length / 2);
        return [scenarios.slice(0, half), scenarios.slice(half)].map((part) => ({
          kernel,
          cpus,
          dispatch,
          scenarios: part,
        }));
      }),
    ),
  );
}

export function matrix(): (Boot & { readonly name: string })[] {
  return rows().map(({ kernel, cpus, dispatch, scenarios }) => ({
    name: `Linux ${kernel}, ${cpus} CPU${cpus > 1 ? 's' : ''}, ${dispatch}`,
    kernel,
    cpus,
    icount: true,
    requests: scenarios.map((scenario): Request => ({ scenario, dispatch })),
  }));
}
