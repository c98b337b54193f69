// SPDX-License-Identifier: Apache-2.0
import type { Dispatch, Request } from './plan.ts';

/** Each safeguard, the object built without it, and the scenario that must notice. */
const SABOTAGE = [
  { object: 'unclamped', noticedBy: 'delaysOthers' },
  // Nobody answers for those who wait there.
  { object: 'second-queue', noticedBy: 'frozen' },
  { object: 'no-ancestors', noticedBy: 'cgroupPolicies' },
  { object: 'no-units', noticedBy: 'cgroupPolicies' },
  { object: 'no-inheritance', noticedBy: 'commandPolicies' },
  // Thrown out within seconds, it fails whatever puts load on it.
  { object: 'own-last', noticedBy: 'ownThreads', failsAll: true },
] as const;

export interface Trial {
  /** what it is about, as a sentence without its verb's end */
  readonly name: string;
  readonly request: Request;
  readonly notices: boolean;
}

function trial(object: string | null, scenario: string, notices: boolean): Trial {
  const dispatch: Dispatch = 'hybrid';
  return {
    name: `${object ?? 'nothing taken out'}: ${scenario} ${notices ? 'notices' : 'finds nothing'}`,
    request: { scenario, dispatch, ...(object === null ? {} : { object: `build/bpf/sabotage/${object}.bpf.o` }) },
    notices,
  };
}

/** @param full that the others do not notice, and that the real one passes on this very machine: the long way */
export function sabotageTrials(full: boolean): readonly Trial[] {
  const bystanders = [null, ...SABOTAGE.filter((sabotage) => !('failsAll' in sabotage)).map(({ object }) => object)];
  return [
    ...SABOTAGE.map(({ object, noticedBy }) => trial(object, noticedBy, true)),
    // Nobody decides, so nothing can start in the order of the policy.
    {
      name: 'never asked: userDispatches notices',
      request: { scenario: 'userDispatches', dispatch: 'kernel' },
      notices: true,
    },
    ...(full
      ? bystanders.flatMap((object) =>
          SABOTAGE.filter((other) => other.object !== object).map(({ noticedBy }) => trial(object, noticedBy, false)),
        )
      : []),
  ];
}
