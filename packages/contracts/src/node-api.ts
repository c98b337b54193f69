// SPDX-License-Identifier: Apache-2.0
import { type Static, Type } from 'typebox';
import { STRATEGY_LIMITS } from './strategy.ts';

/** Where the processes of one machine meet: keys, store and sockets. Root's own, mode 0700. */
export const STATE_FOLDER = '/var/lib/gthulhu';

/** Names inside the state folder. */
export const STATE_FILES = {
  /** Unix socket of the node API. */
  apiSocket: 'api.sock',
  /** Unix socket on which the scheduler answers what the kernel has in force. */
  schedulerSocket: 'scheduler.sock',
  /** Public keys of clients that may ask for a token: `<client id>.pem`, SubjectPublicKeyInfo. */
  clientFolder: 'clients',
  /** The scheduler's own private key (PKCS #8 PEM, 0600); its public half is in the folder of clients. */
  schedulerKey: 'scheduler.key',
  /** The key of the command line on this machine. */
  cliKey: 'cli.key',
  /** Strategies as they were answered with success. */
  store: 'strategies.db',
  /** Pods of this node as the API server or the kubelet told them last, for a restart while nobody answers. */
  pods: 'pods.json',
  /** The same of the strategies in the cluster's ConfigMap. */
  clusterStrategies: 'cluster-strategies.json',
  /** Keys that sign tokens, PKCS #8 PEM, 0600, made at the first start. The second is made when it is asked for. */
  tokenKey: 'token-ed25519.key',
  rsaTokenKey: 'token-rsa.key',
  /** Public half of the RSA key, which older clients show (`api.public_key_path`). */
  rsaPublicKey: 'token-rsa.pub.pem',
} as const;

export const NODE_API_PATHS = {
  token: '/api/v1/auth/token',
  strategies: '/api/v1/scheduling/strategies',
  policies: '/api/v1/scheduling/policies',
  metrics: '/api/v1/metrics',
  pids: '/api/v1/pods/pids',
  strategy: '/api/v1/scheduling/strategies/{id}',
  /** Adds one; the list above takes the place of all. */
  newStrategy: '/api/v1/strategies',
  preview: '/api/v1/strategies/preview',
  workloads: '/api/v1/workloads',
  explain: '/api/v1/explain',
  health: '/health',
  version: '/version',
  prometheus: '/metrics',
  openapi: '/openapi.json',
} as const;

/** Audience of every token and assertion. */
export const NODE_API_AUDIENCE = 'gthulhu-node-api';

/** What a token may be good for. */
export const SCOPES = [
  'strategies:read',
  'strategies:write',
  'metrics:read',
  'metrics:write',
  'workloads:read',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Authorization grant of RFC 7523, section 2.1. */
export const JWT_BEARER_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Longest life of an assertion, seconds; its `jti` is good once. */
export const ASSERTION_SECONDS = 300;

/**
 * A client proves who it is by a JWT that it signed with its registered key (EdDSA or RS256): `iss` and `sub` are its
 * id, `aud` is NODE_API_AUDIENCE, with `jti`, `iat` and `exp`.
 */
export const AssertionRequestSchema = Type.Object(
  {
    grant_type: Type.Literal(JWT_BEARER_GRANT),
    assertion: Type.String({ minLength: 1, maxLength: 4_096 }),
    scope: Type.Optional(
      Type.String({ maxLength: 256, description: 'Scopes wanted, with spaces between; default all' }),
    ),
  },
  { additionalProperties: false },
);
export type AssertionRequest = Static<typeof AssertionRequestSchema>;

/** What older clients send instead, with `auth.legacyPublicKey`: the server's own public key, and nothing that proves who they are. */
export const PublicKeyRequestSchema = Type.Object(
  {
    public_key: Type.String({ minLength: 1, maxLength: 16_384, description: "PEM of the server's RSA public key" }),
    client_id: Type.Optional(Type.String({ maxLength: 64 })),
    expired_at: Type.Optional(Type.Integer({ description: 'Ignored' })),
  },
  { additionalProperties: false },
);
export type PublicKeyRequest = Static<typeof PublicKeyRequestSchema>;

/** Both generations of clients find their token: at top level and under `data`. */
export const TokenAnswerSchema = Type.Object({
  success: Type.Literal(true),
  message: Type.String(),
  timestamp: Type.String(),
  token: Type.String(),
  data: Type.Object({
    token: Type.String(),
    expired_at: Type.Integer({ description: 'Seconds since 1970', unit: 's' }),
  }),
});
export type TokenAnswer = Static<typeof TokenAnswerSchema>;

/** What the scheduler of a node has room for. */
export const NODE_RULE_LIMITS = {
  /** Two more than strategies: one keeps the cgroups of the protected from all of them, one their commands. */
  rules: STRATEGY_LIMITS.strategies + 2,
  /** Different ones, that rules without an expression name: entries of the kernel's map. */
  cgroups: 16_384,
  /** Different ones, that rules name: sets of the kernel side, half of them for the change that is being written. */
  cpuLists: 31,
} as const;

/** Ids of the rules that change nothing and come before those that would reach somebody protected. No strategies. */
export const PROTECTED_RULE_IDS = { cgroups: 'protected-cgroups', commands: 'protected-commands' } as const;

const PROTECTING: ReadonlySet<string> = new Set(Object.values(PROTECTED_RULE_IDS));

/** Whether it is the id of such a rule: none of anybody's strategies. */
export const isProtecting = (ruleId: string): boolean => PROTECTING.has(ruleId);

/** Of units that rules name before they come. */
export const UNIT_LIMITS = {
  /** Bytes of a name; longer ones are known by their cgroup only. */
  nameBytes: 63,
  sliceBytes: 31,
  /** Of one rule, and of all rules together. */
  ofRule: 64,
  units: 4_096,
  /** Different beginnings of names. */
  excepts: 16,
} as const;

/**
 * A unit of systemd by its names, for the time from the mkdir of its cgroup until a rule has its id: the kernel knows a
 * name at once. An empty name is every scope of the slice, but those whose name begins with one of `except`; an empty
 * slice is any. Only where nothing but slices is above it.
 */
export const ComingUnitSchema = Type.Object(
  {
    slice: Type.String({ maxLength: UNIT_LIMITS.sliceBytes, pattern: '^[!-.0-~]*$' }),
    name: Type.String({ maxLength: UNIT_LIMITS.nameBytes, pattern: '^[!-.0-~]*$' }),
    except: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: UNIT_LIMITS.nameBytes }), { maxItems: UNIT_LIMITS.excepts }),
    ),
  },
  { additionalProperties: false },
);
export type ComingUnit = Static<typeof ComingUnitSchema>;

/** One rule for the scheduler of this node, the strongest first where several match a task. */
export const NodeRuleSchema = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 64, description: 'Id of the strategy' }),
    priority: Type.Union([Type.Integer({ minimum: 0, maximum: 20 }), Type.Null()]),
    sliceNs: Type.Integer({ minimum: 0, maximum: 1_000_000_000, unit: 'ns', description: '0 is no change' }),
    cpus: Type.Union([Type.String({ maxLength: 4_096, description: 'Linux list format' }), Type.Null()]),
    commandRegex: Type.String({ maxLength: STRATEGY_LIMITS.regexBytes, description: 'RE2; empty matches all' }),
    /** Ids (inode numbers, as text) of the cgroups that it is bound to, their descendants included; null is every task. */
    cgroups: Type.Union([Type.Array(Type.String({ pattern: '^[0-9]{1,20}$' })), Type.Null()]),
    units: Type.Optional(Type.Array(ComingUnitSchema, { maxItems: UNIT_LIMITS.ofRule })),
  },
  { additionalProperties: false },
);
export type NodeRule = Static<typeof NodeRuleSchema>;

/**
 * `GET /api/v1/scheduling/policies`: what the scheduler of this node has to put in force, whole. `revision` is also the
 * ETag. With `?watch=1` the answer is a stream of server-sent events: `event: policies`, `id:` the revision, `data:`
 * this object; the first at once, then one at each change; a comment line every 10 s keeps the connection known.
 */
export const NodePoliciesSchema = Type.Object(
  {
    revision: Type.String({ minLength: 1, maxLength: 128 }),
    /** Strategies stored and those of the cluster, also such that match nothing here. */
    strategies: Type.Integer({ minimum: 0 }),
    rules: Type.Array(NodeRuleSchema, { maxItems: NODE_RULE_LIMITS.rules }),
  },
  { additionalProperties: false },
);
export type NodePolicies = Static<typeof NodePoliciesSchema>;
