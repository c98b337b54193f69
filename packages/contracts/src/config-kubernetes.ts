// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { inProcess, type KeyNotes } from './effect.ts';

const notes = <T extends KeyNotes & Record<string, unknown>>(value: T): T => value;

export interface ConfigMapName {
  readonly namespace: string;
  readonly name: string;
}

/** `NAMESPACE/NAME` as Kubernetes allows both; null for anything else. */
export function parseConfigMapName(text: string): ConfigMapName | null {
  const [, namespace, name] =
    /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/.exec(text) ?? [];
  return namespace === undefined || name === undefined ? null : { namespace, name };
}

const StrategiesSection = Type.Object(
  {
    configMap: Type.String(
      notes({
        default: '',
        maxLength: 317,
        effect: inProcess(
          'the strategies in it are in force beside those of the node API, and go before equally specific ones',
          '其中的策略與節點 API 的策略同時生效，並優先於同樣具體的策略',
        ),
        description: 'ConfigMap with strategies for every node, NAMESPACE/NAME; empty for none',
        descriptionZhTw: '含有所有節點策略的 ConfigMap，格式為 NAMESPACE/NAME；留空表示沒有',
      }),
    ),
    key: Type.String(
      notes({
        default: 'strategies.yaml',
        minLength: 1,
        maxLength: 253,
        effect: inProcess(
          'the text under this key is read, as a file of strategies',
          '讀取此鍵下的文字，格式與策略檔案相同',
        ),
        description: 'Key in the ConfigMap',
        descriptionZhTw: 'ConfigMap 中的鍵',
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'Strategies from the cluster, without a manager',
    descriptionZhTw: '直接來自叢集的策略，不需管理程式',
  },
);

/** Section `kubernetes`: the API server, for `workloads.source` and for strategies from the cluster. */
export const KubernetesSection = Type.Object(
  {
    kubeconfig: Type.String(
      notes({
        default: '',
        effect: inProcess(
          'says which API server it is and who we are there; read when it is first needed, and until it can be used',
          '說明是哪個 API 伺服器以及我們的身分；首次需要時讀取，直到可用為止',
        ),
        description:
          'Kubeconfig file; empty is the service account where this is a pod, else KUBECONFIG or ~/.kube/config',
        descriptionZhTw: 'kubeconfig 檔案；留空時，在 pod 中使用服務帳號，否則使用 KUBECONFIG 或 ~/.kube/config',
      }),
    ),
    context: Type.String(
      notes({
        default: '',
        maxLength: 253,
        effect: inProcess('the context of the kubeconfig that is used', '使用 kubeconfig 中的此 context'),
        description: 'Context in the kubeconfig; empty is its current one',
        descriptionZhTw: 'kubeconfig 中的 context；留空表示目前的 context',
      }),
    ),
    strategies: StrategiesSection,
  },
  {
    additionalProperties: false,
    description: 'The API server, with workloads.source kubernetes or kubelet, or strategies from the cluster',
    descriptionZhTw: 'API 伺服器，供 workloads.source 為 kubernetes 或 kubelet、或來自叢集的策略使用',
  },
);
