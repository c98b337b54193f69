// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { inProcess, type KeyNotes, noEffect, ops, rodata } from './effect.ts';

const notes = <T extends KeyNotes & Record<string, unknown>>(value: T): T => value;

/** Section `scheduler`: the policy, who decides, and the limits. */
export const SchedulerSection = Type.Object(
  {
    slice_ns_default: Type.Integer(
      notes({
        default: 5_000_000,
        minimum: 100_000,
        maximum: 1_000_000_000,
        unit: 'ns',
        effect: rodata('slice_default_ns'),
        description: 'Time slice of a task when nobody else wants the CPU',
        descriptionZhTw: '沒有其他任務等待 CPU 時，一個任務的時間片',
      }),
    ),
    slice_ns_min: Type.Integer(
      notes({
        default: 500_000,
        minimum: 100_000,
        maximum: 1_000_000_000,
        unit: 'ns',
        effect: rodata('slice_min_ns'),
        description: 'Slices shrink with the number of waiting tasks, but never below this',
        descriptionZhTw: '時間片會隨等待的任務數縮短，但不會低於此值',
      }),
    ),
    mode: Type.Enum(
      ['gthulhu', 'simple', 'simple-fifo', 'none'],
      notes({
        default: 'gthulhu',
        effect: inProcess('chooses the policy; none attaches no scheduler', '選擇排程策略；none 表示不掛載排程器'),
        description: 'Which policy orders the tasks',
        descriptionZhTw: '由哪一個策略決定任務順序',
        refused: {
          scx: 'this program runs its own scheduler and starts no other binary; run that scx_* scheduler by itself and set scheduler.mode to none here',
        },
      }),
    ),
    scheduler_name: Type.String(
      notes({
        default: '',
        effect: noEffect,
        description: 'Name of an external scheduler binary, for a mode that this version refuses',
        descriptionZhTw: '外部排程器執行檔的名稱，所屬的模式在此版本不被接受',
      }),
    ),
    kernel_mode: Type.Boolean(
      notes({
        default: false,
        effect: rodata('dispatch_mode'),
        description: 'true is the older way to write scheduler.dispatch: kernel',
        descriptionZhTw: 'true 等同 scheduler.dispatch: kernel 的舊寫法',
      }),
    ),
    max_time_watchdog: Type.Boolean(
      notes({
        default: true,
        effect: rodata('max_run_ns'),
        description: 'Take the CPU from a task that ran 500 ms on it while others wait',
        descriptionZhTw: '任務連續執行 500 ms 且有其他任務等待時，收回 CPU',
      }),
    ),
    dispatch: Type.Enum(
      ['hybrid', 'kernel', 'strict'],
      notes({
        default: 'hybrid',
        effect: rodata('dispatch_mode'),
        description:
          'Who decides: hybrid asks the policy where order can matter, kernel never asks, strict lets the tasks that are asked about wait for their answers (for work on policies)',
        descriptionZhTw:
          '由誰決定：hybrid 在順序有意義時詢問策略，kernel 從不詢問，strict 讓被詢問的任務等待答案（供開發策略使用）',
      }),
    ),
    strictDeadlineMs: Type.Integer(
      notes({
        default: 20,
        minimum: 1,
        maximum: 200,
        unit: 'ms',
        effect: rodata('strict_deadline_ns'),
        description:
          'With dispatch strict, a task waits this long for its answer, then it goes in the order of the kernel',
        descriptionZhTw: '使用 dispatch: strict 時，任務等待答案的時間上限，之後依核心的順序執行',
      }),
    ),
    timeoutMs: Type.Integer(
      notes({
        default: 30_000,
        minimum: 1_000,
        maximum: 30_000,
        unit: 'ms',
        effect: ops('timeout_ms'),
        description: 'The kernel removes the scheduler when a runnable task has waited this long',
        descriptionZhTw: '可執行的任務等待超過此時間時，核心會移除排程器',
      }),
    ),
    opinionBudgetPercent: Type.Number(
      notes({
        default: 1,
        minimum: 0.1,
        maximum: 50,
        unit: '%',
        effect: rodata('opinion_budget_ppm'),
        description: 'Share of the CPU time of the whole node that the policy may use',
        descriptionZhTw: '策略最多可使用的整個節點 CPU 時間比例',
      }),
    ),
    opinionBudgetWindowMs: Type.Integer(
      notes({
        default: 100,
        minimum: 10,
        maximum: 1_000,
        unit: 'ms',
        effect: rodata('opinion_window_ns'),
        description: 'Window over which that share and those of the urgent priorities are measured',
        descriptionZhTw: '計算上述比例與緊急優先權比例的時間窗',
      }),
    ),
    urgentBudgetPercent: Type.Number(
      notes({
        default: 60,
        minimum: 1,
        maximum: 95,
        unit: '%',
        effect: rodata('urgent_budget_ppm'),
        description:
          'Share of one CPU that priorities 0 to 9 may take before the others; beyond it they wait their turn',
        descriptionZhTw: '優先權 0 到 9 可先於其他任務使用的單一 CPU 比例；超過後須依序等待',
      }),
    ),
    urgentNodeBudgetPercent: Type.Number(
      notes({
        default: 60,
        minimum: 1,
        maximum: 95,
        unit: '%',
        effect: rodata('urgent_node_budget_ppm'),
        description: 'The same for the CPU time of the whole node',
        descriptionZhTw: '同上，以整個節點的 CPU 時間計算',
      }),
    ),
    strategiesFile: Type.String(
      notes({
        default: '',
        effect: inProcess('strategies are read from this file', '從此檔案讀取策略'),
        description: 'YAML file with strategies: which commands get which priority and slice',
        descriptionZhTw: '策略的 YAML 檔案：哪些命令得到哪種優先權與時間片',
      }),
    ),
    policy: Type.String(
      notes({
        default: '',
        effect: inProcess('a policy of your own takes the place of the built-in one', '以自己的策略取代內建策略'),
        description:
          'Module that exports createPolicy(), tried first and read again when it changes; owned by root and not writable by others, and its folders too; a relative path starts at the folder of this file',
        descriptionZhTw:
          '匯出 createPolicy() 的模組，先試跑再使用，檔案變更時會重新讀取；檔案與其目錄都必須屬於 root，且他人不可寫入；相對路徑從此設定檔所在的目錄開始',
      }),
    ),
    traceFile: Type.String(
      notes({
        default: '',
        effect: inProcess(
          'what the policy is asked and answers is written there',
          '將詢問策略的內容與其回答寫入該檔案',
        ),
        description:
          'Record the batches of the policy in this file and in FILE.1 beside it; empty for off; a relative path starts at the folder of this file',
        descriptionZhTw: '將策略的批次記錄於此檔案及同目錄的 FILE.1；空字串表示關閉；相對路徑從此設定檔所在的目錄開始',
      }),
    ),
    traceMaxMb: Type.Integer(
      notes({
        default: 16,
        minimum: 1,
        maximum: 256,
        unit: 'MB',
        effect: inProcess('bounds the recording: the older half gives way', '限制記錄的大小：較舊的一半會被捨棄'),
        description: 'Size of both files of the recording together',
        descriptionZhTw: '記錄的兩個檔案合計的大小',
      }),
    ),
    statsIntervalSeconds: Type.Integer(
      notes({
        default: 10,
        minimum: 1,
        maximum: 3_600,
        unit: 's',
        effect: inProcess('interval of the `bss data` lines', '`bss data` 記錄的間隔'),
        description: 'How often the counters are logged',
        descriptionZhTw: '記錄計數器的間隔',
      }),
    ),
    pin: Type.Boolean(
      notes({
        default: false,
        effect: inProcess(
          'the scheduler stays in force when this process ends, and the next one takes it over',
          '此行程結束後排程器繼續作用，由下一個行程接手',
        ),
        description: 'Restart the process without a gap: the scheduler is pinned on a bpf file system',
        descriptionZhTw: '行程重新啟動時沒有空檔：排程器釘選在 bpf 檔案系統上',
      }),
    ),
    pinPath: Type.String(
      notes({
        default: '/sys/fs/bpf/gthulhu',
        effect: inProcess('folder of the pins', '釘選所在的資料夾'),
        description: 'Absolute path of a folder of its own on a bpf file system; no dots in it',
        descriptionZhTw: 'bpf 檔案系統上專屬資料夾的絕對路徑；不可含句點',
      }),
    ),
    orphanTimeoutSeconds: Type.Integer(
      notes({
        default: 60,
        minimum: 0,
        maximum: 86_400,
        unit: 's',
        effect: rodata('orphan_timeout_ns'),
        description: 'A pinned scheduler without a process ends itself after so long; 0 is never',
        descriptionZhTw: '釘選的排程器沒有行程時，經過此時間後自行結束；0 表示永不',
      }),
    ),
    backend: Type.Enum(
      ['auto', 'sched_ext', 'off'],
      notes({
        default: 'auto',
        effect: inProcess('chooses the mechanism; off attaches nothing', '選擇作用的機制；off 表示不掛載任何排程器'),
        description: 'Which kernel mechanism acts: auto, sched_ext or off',
        descriptionZhTw: '由哪個核心機制作用：auto、sched_ext 或 off',
        refused: {
          fair: 'not yet in this version; use auto, sched_ext or off',
        },
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'The scheduler itself',
    descriptionZhTw: '排程器本身',
  },
);
