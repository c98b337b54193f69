// SPDX-License-Identifier: Apache-2.0
import type { Boot } from './machine.ts';
import type { Dispatch, Machine, Request } from './plan.ts';

const KERNELS = ['7', '6.12'] as const;
const CPUS = [1, 2, 4] as const;
const DISPATCHES = ['hybrid', 'kernel', 'strict'] as const;

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
    'takeoverKilled',
    'takeoverOff',
    'takeoverDead',
    'takeoverOtherwise',
    'takeoverUnpinned',
    'takeoverHalf',
    'takeoverOrphan',
    'freezer',
    'jobControl',
    'traced',
    'execSetuid',
    'userNamespaces',
    'inversionMutex',
    'inversionFault',
    'realtimeHogFree',
    'realtimeHogPinned',
    'stressMixes',
    'suspendResume',
    'sysrqS',
    'weights',
    'ownThreads',
    'forkStorm',
    'idlePolicy',
    'exiting',
    'messages',
    ...(machine.cpus > 1 ? ['pinned', 'affinityChurn', 'cpuHotplug'] : []),
    'cgroupPolicies',
    'commandPolicies',
    ...(machine.cpus > 1 ? ['cpusOfStrategies'] : []),
    'second',
    'killed',
    'none',
    // Latencies: where the guest's clock tells the truth about them.
    ...(machine.cpus === 1
      ? ['strategies', 'apiLog', 'apiLatency', 'workloadStrategies', 'urgent', 'urgentOnly', 'urgentOrder', 'slices']
      : []),
    'urgentFlood',
    'urgentRescued',
    'urgentCrowd',
    'urgentThrong',
    ...(machine.cpus > 1 ? ['urgentApart', 'urgentPinnedCrowd'] : []),
    ...(machine.cpus === 4 ? ['exclusive', 'exclusiveWeights'] : []),
    ...(dispatch === 'hybrid' ? ['ringFull', 'userDispatches'] : []),
    ...(dispatch === 'kernel' ? [] : [...BAD_POLICIES, 'policyReload']),
  ];
}

interface Row extends Machine {
  readonly dispatch: Dispatch;
  readonly scenarios: readonly string[];
  readonly parameters?: string;
  /** threads a core */
  readonly smt?: number;
}

/**
 * Every pair of kernel, CPUs and dispatch, and the scenarios that make test has the time for: the longest first, two
 * machines at a time. The others are those of make test-full.
 */
const PAIRWISE: readonly Row[] = [
  { kernel: '7', cpus: 2, dispatch: 'hybrid', scenarios: ['stressMixes', 'freezer', 'traced', 'takeoverOff'] },
  { kernel: '7', cpus: 4, dispatch: 'hybrid', scenarios: ['ownThreads', 'affinityChurn', 'forkStorm'] },
  { kernel: '7', cpus: 1, dispatch: 'hybrid', scenarios: ['ringFull', 'policyThrows', 'policyHangs', 'policyPartial'] },
  {
    kernel: '6.12',
    cpus: 1,
    dispatch: 'hybrid',
    scenarios: ['policyNaN', 'policySlow', 'favoursZero', 'delaysOthers', 'takeoverKilled', 'cgroupPolicies'],
  },
  {
    kernel: '7',
    cpus: 1,
    dispatch: 'hybrid',
    scenarios: ['strategies', 'policyShuffles', 'cgroupPolicies', 'commandPolicies'],
  },
  { kernel: '7', cpus: 1, dispatch: 'hybrid', scenarios: ['apiLog', 'apiLatency', 'userDispatches'] },
  { kernel: '7', cpus: 1, dispatch: 'hybrid', scenarios: ['workloadStrategies'] },
  { kernel: '7', cpus: 1, dispatch: 'hybrid', scenarios: ['attach', 'weights', 'second', 'killed', 'none'] },
  { kernel: '6.12', cpus: 2, dispatch: 'hybrid', scenarios: ['frozen', 'pinned', 'cpusOfStrategies', 'killed'] },
  {
    kernel: '7',
    cpus: 1,
    dispatch: 'kernel',
    scenarios: ['urgent', 'urgentOnly', 'urgentFlood', 'urgentOrder', 'urgentThrong', 'slices'],
  },
  { kernel: '6.12', cpus: 2, dispatch: 'strict', scenarios: ['policyPartial'] },
  { kernel: '7', cpus: 2, dispatch: 'kernel', scenarios: ['urgentRescued', 'urgentCrowd', 'urgentApart'] },
  { kernel: '7', cpus: 4, dispatch: 'strict', scenarios: ['exclusive'] },
  { kernel: '7', cpus: 1, dispatch: 'hybrid', scenarios: ['inversionMutex', 'inversionFault', 'realtimeHogPinned'] },
  { kernel: '7', cpus: 1, dispatch: 'hybrid', scenarios: ['slices', 'urgent', 'idlePolicy', 'exiting', 'messages'] },
];

/** A machine of its own: the kernel is told at boot which CPUs it is. */
const TICKLESS: Row = {
  kernel: '7',
  cpus: 2,
  dispatch: 'hybrid',
  scenarios: ['tickless'],
  parameters: 'nohz_full=1',
};

/** Each in a machine of its own: it takes long, or needs another machine than the others. */
const ALONE: readonly Row[] = [
  ...KERNELS.map((kernel): Row => ({ kernel, cpus: 1, dispatch: 'hybrid', scenarios: ['crowd5000'] })),
  ...KERNELS.map((kernel): Row => ({ kernel, cpus: 4, dispatch: 'hybrid', scenarios: ['smtSiblings'], smt: 2 })),
  ...KERNELS.flatMap((kernel) =>
    (['hybrid', 'kernel'] as const).map(
      (dispatch): Row => ({ kernel, cpus: 4, dispatch, scenarios: ['exclusiveCrowd'] }),
    ),
  ),
];

const SCENARIOS_A_BOOT = 6;
/** Four emulated CPUs take turns: the longest of their machines has this long. */
const FULL_LIMIT_SECONDS = 3000;

export const full = process.env.GTHULHU_TEST_FULL === '1';

function rows(): Row[] {
  if (!full) return [...PAIRWISE];
  const played = KERNELS.flatMap((kernel) =>
    CPUS.flatMap((cpus) =>
      DISPATCHES.flatMap((dispatch) => {
        const scenarios = everything({ kernel, cpus }, dispatch);
        const parts = Math.ceil(scenarios.length / SCENARIOS_A_BOOT);
        return Array.from({ length: parts }, (_, part) => ({
          kernel,
          cpus,
          dispatch,
          scenarios: scenarios.slice(part * SCENARIOS_A_BOOT, (part + 1) * SCENARIOS_A_BOOT),
        }));
      }),
    ),
  );
  return [...played, ...ALONE];
}

export function matrix(): (Boot & { readonly name: string })[] {
  return [...rows(), TICKLESS].map(({ kernel, cpus, dispatch, scenarios, parameters, smt }) => ({
    name: `Linux ${kernel}, ${cpus} CPU${cpus > 1 ? 's' : ''}, ${dispatch}`,
    kernel,
    cpus,
    icount: true,
    ...(parameters === undefined ? {} : { parameters }),
    ...(smt === undefined ? {} : { smt }),
    ...(full ? { limitSeconds: FULL_LIMIT_SECONDS } : {}),
    requests: scenarios.map((scenario): Request => ({ scenario, dispatch })),
  }));
}
