// SPDX-License-Identifier: Apache-2.0
import { openSyscallProgram } from '@gthulhu/bpf';
import { PROTECTED_RULE_IDS, type TaskExplanation } from '@gthulhu/contracts';
import { entry } from '../log/entry.ts';
import type { Logger } from '../log/logger.ts';
import { type Ranked, type RuleSet, ruleSetOf } from '../strategies/node-rules.ts';
import { type CommandPolicies, startCommandPolicies } from './command-policies.ts';
import { planCpuSets, slotOf } from './cpu-sets.ts';
import type { KernelSide } from './kernel-side.ts';
import type { PolicyValue } from './policy-entries.ts';
import { CGROUP_KEYS, exceptBytes, unitKeys } from './policy-keys.ts';
import { PolicyTable, type StagedChange } from './policy-table.ts';
import { NO_PRIORITY } from './records.ts';

/** Of no policy. */
const NO_RANK = 0;

/** How often slices are looked at where no timer can be armed for each: a quarter of the shortest, ns. */
const LEAST_POLL_NS = 250_000;

/** @param slicesNs of the strategies; 0 is none */
export function slicePollNs(slicesNs: readonly number[]): number {
  const given = slicesNs.filter((ns) => ns > 0);
  return given.length === 0 ? 0 : Math.max(LEAST_POLL_NS, Math.floor(Math.min(...given) / 4));
}

/** Puts strategies in force: by cgroup in the kernel, by command for every task that has it. */
export interface StrategyEnforcer {
  /**
   * From now on these. Where the kernel refuses entries it throws, and what was in force before still is. Tasks that no
   * strategy matches any more go back to none.
   */
  enforce(rules: RuleSet): void;
  /** @param pid as the node's /proc has it. Null where there is no such task, or none that is scheduled here. */
  explain(pid: number): TaskExplanation | null;
  stop(): Promise<void>;
}

/** Numbers of strategies in the kernel: the same id keeps its number while it is there. */
class StrategyNumbers {
  #numbers: ReadonlyMap<string, number> = new Map();
  #last = 0;

  for(ids: readonly string[]): ReadonlyMap<string, number> {
    return new Map(ids.map((id) => [id, this.#numbers.get(id) ?? ++this.#last]));
  }

  use(numbers: ReadonlyMap<string, number>): void {
    this.#numbers = numbers;
  }

  idOf(number: number): string | null {
    for (const [id, known] of this.#numbers) if (known === number) return id;
    return null;
  }
}

export function startStrategyEnforcer(kernel: KernelSide, logger: Logger): StrategyEnforcer {
  const { object } = kernel;
  const entries = object.layout('cgroup_entry');
  const cgroups = new PolicyTable(object.map('cgroup_policies'), CGROUP_KEYS, entries, kernel.policySeq());
  const names = unitKeys(object.layout('unit_name'));
  const units = new PolicyTable(object.map('unit_policies'), names, entries, kernel.policySeq());
  const exceptLayout = object.layout('unit_except');
  const pollProgram = openSyscallProgram(object.programFd('poll_slices'), object.layout('poll_args'));
  const numbers = new StrategyNumbers();
  let cpuSets: ReadonlyMap<string, number> = new Map();
  /** What an earlier process had written. */
  let taken: ReadonlySet<number> = kernel.cpuSlotsInUse();
  /** Null: what an earlier process gave tasks may still be there. */
  let commandsInForce: string | null = kernel.hasCommandPolicies() ? null : '[]';
  /** The same as they were given: comparing these is less work. */
  let ranksInForce: readonly Ranked[] | null = null;
  let commands: CommandPolicies | null = null;

  const commandPolicies = (): CommandPolicies => {
    commands ??= startCommandPolicies(kernel, {
      lost: () => logger.debug('events of commands were lost; looking at all tasks again'),
      failed: (error) =>
        logger.log(
          entry(
            `strategies are no longer followed: ${error instanceof Error ? error.message : String(error)}`,
            'strategies are no longer followed',
            {},
            'error',
          ),
        ),
    });
    return commands;
  };

  function enforceCommands(rules: RuleSet, policyOf: (ranked: Ranked) => PolicyValue, sameCpuSets: boolean): void {
    if (sameCpuSets && rules.commands === ranksInForce) return;
    const policies = rules.commands.map(policyOf);
    ranksInForce = null;
    const key = JSON.stringify(
      rules.commands.map(({ rule }, i) => [policies[i], rule.commandRegex, rule.cgroups && [...rule.cgroups].sort()]),
    );
    if (key === commandsInForce) {
      ranksInForce = rules.commands;
      return;
    }
    const some = policies.length > 0;
    if (some) kernel.watchCommands();
    if (rules.matcher.bound) kernel.watchMoves();
    kernel.setCommandPolicies(some);
    const matched = commandPolicies().apply({ matcher: rules.matcher, policies });
    if (!rules.matcher.bound) kernel.unwatchMoves();
    if (!some) kernel.unwatchCommands();
    commandsInForce = key;
    ranksInForce = rules.commands;
    logger.debug(`${matched} tasks have a strategy by their command`, { matched });
  }

  return {
    enforce(rules) {
      const change = kernel.policySeq() + 1n;
      const sets = planCpuSets(cpuSets, taken, rules.cpuLists, Number(BigInt.asUintN(26, change)));
      const numberOf = numbers.for(rules.rules.map(({ id }) => id));
      const policyOf = ({ rule, rank }: Ranked): PolicyValue => ({
        // Nothing is written for those who are protected by their command.
        rank: rule.id === PROTECTED_RULE_IDS.commands ? NO_RANK : rank,
        priority: rule.priority ?? NO_PRIORITY,
        sliceNs: rule.sliceNs,
        cpus: rule.cpus === null ? 0 : (sets.handles.get(rule.cpus) ?? 0),
        strategy: numberOf.get(rule.id) ?? 0,
      });
      // One rule may name thousands of cgroups.
      const policies = new Map<Ranked, PolicyValue>();
      const targetOf = (ranks: ReadonlyMap<string, Ranked>): ReadonlyMap<string, PolicyValue> => {
        const target = new Map<string, PolicyValue>();
        for (const [id, ranked] of ranks) {
          const policy = policies.get(ranked) ?? policyOf(ranked);
          policies.set(ranked, policy);
          target.set(id, policy);
        }
        return target;
      };
      const target = targetOf(rules.cgroups);
      // Rather too few are known by their name than one who is protected.
      const excepts = rules.units.size === 0 ? null : exceptBytes(rules.unitExcepts, exceptLayout);
      const unitTarget = excepts === null ? new Map<string, PolicyValue>() : targetOf(rules.units);
      for (const { slot, words } of sets.writes) kernel.writeCpuSet(slot, words);
      const staged = cgroups.stage(target, change);
      let stagedUnits: StagedChange | null = null;
      try {
        stagedUnits = units.stage(unitTarget, change);
        if (target.size > 0) kernel.setCgroupPolicies(true);
        if (excepts !== null) {
          kernel.setUnitExcepts(excepts);
          kernel.setUnitPolicies(true);
        }
        kernel.commitPolicies(change);
      } catch (error) {
        stagedUnits?.undo();
        staged.undo();
        throw error;
      }
      staged.finish();
      stagedUnits.finish();
      numbers.use(numberOf);
      kernel.setCgroupPolicies(target.size > 0);
      kernel.setUnitPolicies(unitTarget.size > 0);
      const sameCpuSets = sets.writes.length === 0 && sets.handles.size === cpuSets.size;
      cpuSets = sets.handles;
      enforceCommands(rules, policyOf, sameCpuSets);
      taken = new Set();
      kernel.clearCpuSets(new Set([...cpuSets.values()].map(slotOf)));
      const slicesNs = rules.rules.map(({ sliceNs }) => sliceNs);
      pollProgram.run(new Uint8Array(new BigUint64Array([BigInt(slicePollNs(slicesNs))]).buffer));
      const written = staged.count + stagedUnits.count;
      logger.debug(`${target.size} cgroups have a strategy; ${written} entries were written`, {
        cgroups: target.size,
        units: unitTarget.size,
        written,
      });
    },
    explain(pid) {
      const found = kernel.explainTask(pid);
      return found === null
        ? null
        : { ...found, cgroups: [...found.cgroups], strategyId: numbers.idOf(found.strategy) };
    },
    async stop() {
      await commands?.stop();
      cgroups.close();
      units.close();
      pollProgram.close();
    },
  };
}

/** For a scheduler that was adopted from a process with strategies: its tasks go back to none. */
export async function forgetStrategies(kernel: KernelSide, logger: Logger): Promise<void> {
  const enforcer = startStrategyEnforcer(kernel, logger);
  enforcer.enforce(ruleSetOf([]));
  await enforcer.stop();
}
