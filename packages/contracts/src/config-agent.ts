// SPDX-License-Identifier: Apache-2.0
import { Type } from 'typebox';
import { inProcess, type KeyNotes } from './effect.ts';
import { STATE_FOLDER } from './node-api.ts';

const notes = <T extends KeyNotes & Record<string, unknown>>(value: T): T => value;

/** Section `agent`: where the node API listens and keeps what it knows. */
export const AgentSection = Type.Object(
  {
    listen: Type.String(
      notes({
        default: '127.0.0.1:8080',
        maxLength: 300,
        effect: inProcess(
          'the node API listens there besides its unix socket; other than loopback is warned about',
          '節點 API 除了 unix socket 之外也在此監聽；非 loopback 位址會警告',
        ),
        description:
          'Address and port of the node API for clients over TCP, such as [::1]:8080; empty for the unix socket alone',
        descriptionZhTw: '節點 API 供 TCP 用戶端使用的位址與連接埠，例如 [::1]:8080；留空則只用 unix socket',
      }),
    ),
    stateFolder: Type.String(
      notes({
        default: STATE_FOLDER,
        minLength: 1,
        maxLength: 90,
        effect: inProcess(
          'keys, stored strategies and the unix socket are there',
          '金鑰、儲存的策略與 unix socket 的位置',
        ),
        description: 'Folder of the node API, mode 0700: made when it is missing, with its keys',
        descriptionZhTw: '節點 API 的資料夾，權限 0700；不存在時會連同金鑰一起建立',
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'The node API of `gthulhu agent`',
    descriptionZhTw: '`gthulhu agent` 的節點 API',
  },
);

/** Section `auth`: tokens of the node API. */
export const AuthSection = Type.Object(
  {
    algorithm: Type.Enum(
      ['EdDSA', 'RS256'],
      notes({
        default: 'EdDSA',
        effect: inProcess('tokens are signed with a key of this kind', '以此類金鑰簽署權杖'),
        description: 'How tokens are signed; tokens of both kinds are taken as long as their keys are there',
        descriptionZhTw: '權杖的簽章方式；只要金鑰存在，兩種權杖都會接受',
      }),
    ),
    tokenSeconds: Type.Integer(
      notes({
        default: 3_600,
        minimum: 60,
        maximum: 86_400,
        unit: 's',
        effect: inProcess('tokens end after it', '權杖在此時間後失效'),
        description: 'Life of a token',
        descriptionZhTw: '權杖的有效時間',
      }),
    ),
    legacyPublicKey: Type.Boolean(
      notes({
        default: false,
        effect: inProcess(
          'whoever shows the public key gets a token with all rights; warned about at the start',
          '出示公鑰者即取得擁有所有權限的權杖；啟動時會警告',
        ),
        description: "Also give tokens to clients of 2025, who show the server's public key and prove nothing",
        descriptionZhTw: '也發給 2025 年的用戶端權杖：它們只出示伺服器的公鑰，不證明任何事',
      }),
    ),
  },
  { additionalProperties: false, description: 'Tokens of the node API', descriptionZhTw: '節點 API 的權杖' },
);

/** `api.compat`: in whose shape older routes answer. */
export const ApiCompatKey = Type.Enum(
  ['current', '2025-09'],
  notes({
    default: 'current',
    effect: inProcess(
      'with 2025-09 the node API writes priority as a boolean, no rows as null, and the texts of that version',
      '設為 2025-09 時，節點 API 以布林值輸出 priority、以 null 表示沒有資料列，並使用該版本的文字',
    ),
    description: 'Which generation of clients the answers of the node API are written for',
    descriptionZhTw: '節點 API 的回應寫給哪一代用戶端',
  }),
);
export const API_COMPATS = ['current', '2025-09'] as const;
export type ApiCompat = (typeof API_COMPATS)[number];
