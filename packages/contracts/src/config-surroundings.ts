// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { ApiCompatKey } from './config-agent.ts';
import { inProcess, type KeyNotes, noEffect } from './effect.ts';

/**
 * Sections around the scheduler: the monitor and the API client. Their keys are those of existing installations; they
 * are checked like all others, and have no effect yet.
 */

const flag = (value: boolean, description: string, descriptionZhTw: string) =>
  Type.Boolean({ default: value, effect: noEffect, description, descriptionZhTw } satisfies KeyNotes & {
    default: boolean;
  });

const text = (value: string, description: string, descriptionZhTw: string) =>
  Type.String({ default: value, effect: noEffect, description, descriptionZhTw } satisfies KeyNotes & {
    default: string;
  });

interface WholeNumber {
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly unit?: string;
}
const whole = (range: WholeNumber, description: string, descriptionZhTw: string) =>
  Type.Integer({ ...range, effect: noEffect, description, descriptionZhTw } satisfies KeyNotes & WholeNumber);

export const SimpleSchedulerSection = Type.Object(
  {
    enable_fifo: Type.Boolean({
      default: false,
      effect: inProcess(
        'with scheduler.mode simple the policy is simple-fifo',
        'scheduler.mode 為 simple 時，策略改為 simple-fifo',
      ),
      description: 'Order of arrival instead of weighted virtual time, in mode simple',
      descriptionZhTw: '在 simple 模式以到達順序取代加權虛擬時間',
    } satisfies KeyNotes & { default: boolean }),
  },
  { additionalProperties: false, description: 'The simple policy', descriptionZhTw: 'simple 策略' },
);

export const MonitorSection = Type.Object(
  {
    enabled: flag(true, 'Start the monitor', '啟動監控'),
    bpf_object_path: text('sched_monitor.bpf.o', "Path of the monitor's BPF object", '監控用 BPF 物件的路徑'),
    collection_interval_sec: whole(
      { default: 10, minimum: 1, maximum: 3_600, unit: 's' },
      'Seconds between two readings',
      '兩次讀取之間的秒數',
    ),
    monitor_all: flag(false, 'Watch every process, not only those of pods', '監控所有行程，而不只是 pod 的行程'),
    stream_events: flag(false, 'Send single events as well', '同時傳送個別事件'),
    prometheus_port: whole({ default: 9_090, minimum: 1, maximum: 65_535 }, 'Port of the metrics', '指標的連接埠'),
    enable_crd_watcher: flag(false, 'Watch the custom resources of the cluster', '監看叢集的自訂資源'),
    kubeconfig_path: text(
      '',
      'Kubeconfig file; empty is the in-cluster one',
      'kubeconfig 檔案；留空表示使用叢集內設定',
    ),
  },
  { additionalProperties: false, description: 'Metrics of pods', descriptionZhTw: 'pod 的指標' },
);

const MtlsSection = Type.Object(
  {
    enable: flag(false, 'Use TLS with a client certificate', '使用帶有用戶端憑證的 TLS'),
    cert_pem: text('', "The client's certificate, PEM text", '用戶端憑證，PEM 內容'),
    key_pem: text('', "The client's private key, PEM text", '用戶端私鑰，PEM 內容'),
    ca_pem: text('', "The server's authority, PEM text", '伺服器的憑證授權單位，PEM 內容'),
  },
  { additionalProperties: false, description: 'TLS to the API server', descriptionZhTw: '與 API 伺服器之間的 TLS' },
);

export const ApiSection = Type.Object(
  {
    url: text('', 'Base URL of the API server', 'API 伺服器的基底 URL'),
    interval: whole(
      { default: 0, minimum: 0, maximum: 86_400, unit: 's' },
      'Seconds between two requests; 0 is 5',
      '兩次請求之間的秒數；0 表示 5',
    ),
    public_key_path: text('', "PEM file with the API server's public key", 'API 伺服器公鑰的 PEM 檔案'),
    enabled: flag(
      false,
      'Fetch strategies from the API server and send counters to it',
      '從 API 伺服器取得策略並送出計數器',
    ),
    auth_enabled: flag(false, 'Send a token with each request', '每個請求附上權杖'),
    mtls: MtlsSection,
    compat: ApiCompatKey,
  },
  { additionalProperties: false, description: 'The API server', descriptionZhTw: 'API 伺服器' },
);
