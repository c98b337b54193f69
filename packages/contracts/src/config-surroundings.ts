// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { ApiCompatKey } from './config-agent.ts';
import { inProcess, type KeyNotes, noEffect } from './effect.ts';

/**
 * Sections around the scheduler: the monitor and the API client. Their keys are those of existing installations; those
 * of the monitor are checked like all others, and have no effect yet.
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

/** What a key of the API client does. */
const does = (en: string, zhTw: string) => ({ effect: inProcess(en, zhTw) });

const MtlsSection = Type.Object(
  {
    enable: Type.Boolean({
      default: false,
      ...does(
        'the certificate below is shown; api.url must begin with https://',
        '出示下列憑證；api.url 必須以 https:// 開頭',
      ),
      description: 'Use TLS with a client certificate',
      descriptionZhTw: '使用帶有用戶端憑證的 TLS',
    } satisfies KeyNotes & { default: boolean }),
    cert_pem: Type.String({
      default: '',
      ...does('shown to the API server, with mtls.enable', '啟用 mtls.enable 時出示給 API 伺服器'),
      description: "The client's certificate, PEM text",
      descriptionZhTw: '用戶端憑證，PEM 內容',
    } satisfies KeyNotes & { default: string }),
    key_pem: Type.String({
      default: '',
      ...does('belongs to the certificate', '與憑證成對'),
      description: "The client's private key, PEM text",
      descriptionZhTw: '用戶端私鑰，PEM 內容',
    } satisfies KeyNotes & { default: string }),
    ca_pem: Type.String({
      default: '',
      ...does(
        'the only authority that is believed, with any https:// URL',
        '使用 https:// URL 時唯一信任的憑證授權單位',
      ),
      description: "The server's authority, PEM text",
      descriptionZhTw: '伺服器的憑證授權單位，PEM 內容',
    } satisfies KeyNotes & { default: string }),
  },
  { additionalProperties: false, description: 'TLS to the API server', descriptionZhTw: '與 API 伺服器之間的 TLS' },
);

export const ApiSection = Type.Object(
  {
    url: Type.String({
      default: '',
      maxLength: 1_024,
      ...does(
        'where strategies come from and counters go; empty is the socket in agent.stateFolder',
        '取得策略與送出計數器的位置；留空表示 agent.stateFolder 中的 socket',
      ),
      description: 'Base URL of the API server: http://, https:// or unix://',
      descriptionZhTw: 'API 伺服器的基底 URL：http://、https:// 或 unix://',
    } satisfies KeyNotes & { default: string; maxLength: number }),
    interval: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 86_400,
      unit: 's',
      ...does(
        'how often strategies are asked for while their stream does not work',
        '策略串流無法使用時，多久詢問一次策略',
      ),
      description: 'Seconds between two requests; 0 is 5',
      descriptionZhTw: '兩次請求之間的秒數；0 表示 5',
    } satisfies KeyNotes & { default: number; minimum: number; maximum: number }),
    public_key_path: Type.String({
      default: '',
      ...does(
        'with it and a URL, tokens are asked for as versions of 2025 did; without it by a key in agent.stateFolder',
        '設定此值與 URL 時，以 2025 年版本的方式取得權杖；否則使用 agent.stateFolder 中的金鑰',
      ),
      description: "PEM file with the API server's public key",
      descriptionZhTw: 'API 伺服器公鑰的 PEM 檔案',
    } satisfies KeyNotes & { default: string }),
    enabled: Type.Boolean({
      default: false,
      ...does('false: nothing is fetched and nothing is sent', 'false：不取得也不送出任何資料'),
      description: 'Fetch strategies from the API server and send counters to it',
      descriptionZhTw: '從 API 伺服器取得策略並送出計數器',
    } satisfies KeyNotes & { default: boolean }),
    auth_enabled: Type.Boolean({
      default: true,
      ...does(
        'false: no token, with a URL; the socket of the node always takes one',
        'false：使用 URL 時不附權杖；節點的 socket 一律附上',
      ),
      description: 'Send a token with each request',
      descriptionZhTw: '每個請求附上權杖',
    } satisfies KeyNotes & { default: boolean }),
    mtls: MtlsSection,
    compat: ApiCompatKey,
  },
  { additionalProperties: false, description: 'The API server', descriptionZhTw: 'API 伺服器' },
);
