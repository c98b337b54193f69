// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { inProcess, type KeyNotes } from './effect.ts';
import { OWN_COMMAND } from './own-command.ts';

const notes = <T extends KeyNotes & Record<string, unknown>>(value: T): T => value;

/** A machine without these is lost. Units by the last part of their cgroup's path; `*` stands for any characters. */
export const PROTECTED_UNITS: readonly string[] = [
  'init.scope',
  'systemd-*.service',
  'dbus.service',
  'dbus-broker.service',
  'kubelet.service',
  'k3s.service',
  'k3s-agent.service',
  'rke2-*.service',
  'containerd.service',
  'crio.service',
  'docker.service',
  'podman.service',
  'ssh.service',
  'sshd.service',
  'ssh@*.service',
  'sshd@*.service',
  'gthulhu*.service',
  'gthulhu*.scope',
];

/** The same by their command, whole: for machines without units. */
export const PROTECTED_COMMANDS: readonly string[] = [
  'systemd',
  'systemd-journal',
  'systemd-logind',
  'systemd-udevd',
  'dbus-daemon',
  'dbus-broker',
  'kubelet',
  'containerd',
  'containerd-shim',
  'crio',
  'conmon',
  'dockerd',
  'sshd',
  OWN_COMMAND,
];

const MOST = 256;

const ProtectedSection = Type.Object(
  {
    units: Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
      ...notes({
        default: [...PROTECTED_UNITS],
        effect: inProcess(
          'no strategy comes to these services, scopes and cgroups; the list takes the place of the default',
          '策略不會套用到這些 service、scope 與 cgroup；此清單會取代預設值',
        ),
        description: 'Units and cgroups by the last part of their path; `*` stands for any characters',
        descriptionZhTw: '以路徑最後一段指定的 unit 與 cgroup；`*` 代表任意字元',
      }),
      maxItems: MOST,
    }),
    commands: Type.Array(Type.String({ minLength: 1, maxLength: 15 }), {
      ...notes({
        default: [...PROTECTED_COMMANDS],
        effect: inProcess(
          'a strategy about every task passes these by; the list takes the place of the default',
          '針對所有行程的策略會略過這些命令；此清單會取代預設值',
        ),
        description: 'Names of commands, whole, for those that are in no unit of the list',
        descriptionZhTw: '完整的命令名稱，供不在上述 unit 中的行程使用',
      }),
      maxItems: MOST,
    }),
  },
  {
    additionalProperties: false,
    description: 'Whom no strategy may touch; our own cgroups are always among them',
    descriptionZhTw: '任何策略都不可影響的對象；我們自己的 cgroup 一律包含在內',
  },
);

const KubeletSection = Type.Object(
  {
    url: Type.String(
      notes({
        default: 'https://127.0.0.1:10250',
        maxLength: 1_024,
        effect: inProcess(
          'asked for the pods of this node, with source kubelet; never through a proxy',
          '使用 kubelet 來源時，向此處詢問此節點的 pod；不經過 proxy',
        ),
        description: 'Base URL of the kubelet of this node',
        descriptionZhTw: '此節點的 kubelet 的基底 URL',
      }),
    ),
    caFile: Type.String(
      notes({
        default: '',
        effect: inProcess(
          "the kubelet's certificate must be vouched for by it; empty is the authority of the cluster",
          'kubelet 的憑證必須由它擔保；留空表示使用叢集的憑證授權單位',
        ),
        description:
          "PEM file with the authority of the kubelet's certificate, such as /var/lib/kubelet/pki/kubelet.crt",
        descriptionZhTw: 'kubelet 憑證的授權單位的 PEM 檔案，例如 /var/lib/kubelet/pki/kubelet.crt',
      }),
    ),
    serverName: Type.String(
      notes({
        default: '',
        maxLength: 253,
        effect: inProcess(
          "the kubelet's certificate must have this name; empty is the host of the URL",
          'kubelet 的憑證必須具有此名稱；留空表示 URL 中的主機',
        ),
        description: "Name in the kubelet's certificate, often that of the node",
        descriptionZhTw: 'kubelet 憑證中的名稱，通常是節點名稱',
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'The kubelet, for source kubelet; it is shown the credentials of section kubernetes',
    descriptionZhTw: '供 kubelet 來源使用的 kubelet；向它出示 kubernetes 區段的憑證',
  },
);

/** Section `workloads`: what strategies with namespaces and labels are about. */
export const WorkloadsSection = Type.Object(
  {
    source: Type.Enum(
      ['cgroups', 'kubernetes', 'kubelet', 'none'],
      notes({
        default: 'cgroups',
        effect: inProcess(
          'the node API knows workloads from there; with none, strategies with namespaces or labels match nothing',
          '節點 API 由此得知工作負載；設為 none 時，帶有 namespace 或標籤的策略不會符合任何對象',
        ),
        description:
          'Where workloads come from: the cgroups of this machine alone, or pods besides, from the API server or the kubelet; or nowhere',
        descriptionZhTw: '工作負載的來源：僅本機的 cgroup；或再加上來自 API 伺服器或 kubelet 的 pod；或沒有來源',
      }),
    ),
    nodeName: Type.String(
      notes({
        default: '',
        maxLength: 253,
        effect: inProcess(
          'with source kubernetes, the pods of this node are asked for; what is kept on disk is for this node only',
          '使用 kubernetes 來源時，只詢問此節點的 pod；保存在磁碟上的狀態也只屬於此節點',
        ),
        description:
          "Name of this node in the cluster; empty is the environment's NODE_NAME, else the host name where this is no pod",
        descriptionZhTw: '此節點在叢集中的名稱；留空時使用環境變數 NODE_NAME，若不在 pod 中則使用主機名稱',
      }),
    ),
    kubelet: KubeletSection,
    protected: ProtectedSection,
  },
  {
    additionalProperties: false,
    description: 'What runs on this node, for strategies with namespaces and labels',
    descriptionZhTw: '此節點上執行的工作負載，供帶有 namespace 與標籤的策略使用',
  },
);
