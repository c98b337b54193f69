// SPDX-License-Identifier: Apache-2.0
import { defaultConfig } from '@gthulhu/contracts';
import { describe, expect, test } from 'vitest';
import { effectiveMode, parseConfig } from './parse-config.ts';
import { ConfigError, type Problem } from './problem.ts';

const refusal = (text: string): ConfigError | null => {
  try {
    parseConfig(text, 'g.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  return null;
};
const errorsOf = (text: string): string[] => refusal(text)?.message.split('\n') ?? [];
const problemsOf = (text: string): readonly Problem[] => refusal(text)?.problems ?? [];
const scheduler = (line: string): string => `scheduler:\n  ${line}\n`;

describe('a file that can be used', () => {
  test.each([
    ['empty', ''],
    ['comments only', '# nothing\n---\n'],
    ['sections without keys', 'scheduler:\nmonitor:\napi:\n  mtls:\n'],
    ['byte order mark', '\ufeffdebug: false\n'],
  ])('%s is the defaults', (_, text) => {
    expect(parseConfig(text, 'g.yaml')).toEqual({ config: defaultConfig(), warnings: [] });
  });

  test('every value that is written arrives, the rest stays at its default', () => {
    const text = `scheduler: {slice_ns_default: 20000000, slice_ns_min: 1e6, mode: " simple "}`;
    expect(errorsOf(text)).toHaveLength(1);
    const { config } = parseConfig(
      'scheduler: {slice_ns_default: 20000000, slice_ns_min: 1e6}\ndebug: true\n',
      'g.yaml',
    );
    const expected = defaultConfig();
    expected.scheduler.slice_ns_default = 20_000_000;
    expected.scheduler.slice_ns_min = 1_000_000;
    expected.debug = true;
    expect(config).toEqual(expected);
  });

  test('a boolean whose default is true can be switched off', () => {
    expect(parseConfig(scheduler('max_time_watchdog: false'), 'g.yaml').config.scheduler.max_time_watchdog).toBe(false);
  });

  test('kernel_mode: true is dispatch kernel', () => {
    expect(parseConfig(scheduler('kernel_mode: true'), 'g.yaml').config.scheduler.dispatch).toBe('kernel');
    expect(parseConfig(scheduler('kernel_mode: true\n  dispatch: kernel'), 'g.yaml').config.scheduler.dispatch).toBe(
      'kernel',
    );
  });

  test('an alias stands for its value', () => {
    const { config } = parseConfig('scheduler:\n  slice_ns_default: &s 1000000\n  slice_ns_min: *s\n', 'g.yaml');
    expect(config.scheduler.slice_ns_min).toBe(1_000_000);
  });
});

describe('what is wrong, where, and what to do', () => {
  test.each([
    [
      'misspelt key',
      scheduler('slice_ns_defualt: 1'),
      'g.yaml:2:3: scheduler.slice_ns_defualt: unknown key; did you mean scheduler.slice_ns_default?',
    ],
    [
      'other case',
      scheduler('sliceNsMin: 1'),
      'g.yaml:2:3: scheduler.sliceNsMin: unknown key; did you mean scheduler.slice_ns_min?',
    ],
    ['wrong section', 'mode: simple\n', 'g.yaml:1:1: mode: unknown key here; did you mean scheduler.mode?'],
    [
      'prototype key',
      '__proto__: 1\n',
      'g.yaml:1:1: __proto__: unknown key; remove it, or use one of: scheduler, simple_scheduler, monitor, debug, early_processing, builtin_idle, api, agent, auth, workloads, kubernetes',
    ],
    ['twice', 'debug: true\ndebug: true\n', 'g.yaml:2:1: debug: is set twice; remove one of the two'],
    [
      'too small',
      scheduler('slice_ns_default: 50'),
      'g.yaml:2:21: scheduler.slice_ns_default: is 50, must be a whole number from 100000 to 1000000000 ns',
    ],
    [
      'not whole',
      scheduler('timeoutMs: 1500.5'),
      'g.yaml:2:14: scheduler.timeoutMs: is 1500.5, must be a whole number from 1000 to 30000 ms',
    ],
    [
      'not a number',
      scheduler('opinionBudgetPercent: .nan'),
      'g.yaml:2:25: scheduler.opinionBudgetPercent: is NaN, must be a number from 0.1 to 50 %',
    ],
    [
      'duration',
      scheduler('slice_ns_default: 5ms'),
      'g.yaml:2:21: scheduler.slice_ns_default: is the text "5ms", must be a whole number from 100000 to 1000000000 ns; 5ms is written 5000000',
    ],
    ['yes', 'debug: yes\n', 'g.yaml:1:8: debug: is the text "yes", must be true or false'],
    ['no value', 'debug:\n', 'g.yaml:1:1: debug: has no value; must be true or false, or remove the key'],
    ['number as text', 'api: {url: 8080}\n', 'g.yaml:1:12: api.url: is 8080, must be a text; put it in quotes'],
    ['alias to nothing', 'debug: *x\n', 'g.yaml:1:8: debug: refers to &x, which is not set before it'],
    ['list for a section', 'monitor: [1]\n', 'g.yaml:1:10: monitor: is a list, must be a mapping of keys to values'],
    ['text for the file', 'hello\n', 'g.yaml:1:1: is the text "hello", must be a mapping of keys to values'],
    ['mapping for a value', 'debug: {a: 1}\n', 'g.yaml:1:8: debug: is a mapping, must be true or false'],
    [
      'mode near',
      scheduler('mode: gthullu'),
      'g.yaml:2:9: scheduler.mode: is "gthullu", must be one of gthulhu, simple, simple-fifo, none; did you mean gthulhu?',
    ],
    [
      'mode empty',
      scheduler('mode: ""'),
      'g.yaml:2:9: scheduler.mode: is empty, must be one of gthulhu, simple, simple-fifo, none',
    ],
    [
      'a recording in the place of the policy',
      scheduler('traceFile: ./a/../p.ts\n  policy: p.ts'),
      'g.yaml:2:14: scheduler.traceFile: is "./a/../p.ts", and a recording takes the place of that file and of FILE.1 beside it, one of which is scheduler.policy; name another file',
    ],
    [
      'a recording whose earlier part takes the place of the strategies',
      scheduler('traceFile: /etc/s.yaml\n  strategiesFile: /etc/s.yaml.1'),
      'g.yaml:2:14: scheduler.traceFile: is "/etc/s.yaml", and a recording takes the place of that file and of FILE.1 beside it, one of which is scheduler.strategiesFile; name another file',
    ],
    [
      'a recording in the place of the configuration',
      scheduler('traceFile: g.yaml'),
      'g.yaml:2:14: scheduler.traceFile: is "g.yaml", and a recording takes the place of that file and of FILE.1 beside it, one of which is this configuration; name another file',
    ],
    ...['pinPath', 'policy', 'traceFile', 'strategiesFile'].map((name): [string, string, string] => [
      `NUL in ${name}`,
      scheduler(`${name}: "/a\\0b"`),
      `g.yaml:2:${5 + name.length}: scheduler.${name}: is "/a\\u0000b", with a NUL character in it; write a path`,
    ]),
    [
      'pins without a root',
      scheduler('pinPath: gthulhu'),
      'g.yaml:2:12: scheduler.pinPath: is "gthulhu", must be an absolute path without dots; write /sys/fs/bpf/gthulhu',
    ],
    [
      'pins with a dot',
      scheduler('pinPath: /sys/fs/bpf/gthulhu.d'),
      'g.yaml:2:12: scheduler.pinPath: is "/sys/fs/bpf/gthulhu.d", must be an absolute path without dots; write /sys/fs/bpf/gthulhu',
    ],
    [
      'backend fair',
      scheduler('backend: fair'),
      'g.yaml:2:12: scheduler.backend: fair is refused: not yet in this version; use auto, sched_ext or off',
    ],
    [
      'ConfigMap without a namespace',
      'kubernetes: {strategies: {configMap: gthulhu-strategies}}\n',
      'g.yaml:1:38: kubernetes.strategies.configMap: is "gthulhu-strategies", must be NAMESPACE/NAME; write gthulhu/gthulhu-strategies',
    ],
    [
      'ConfigMap with a path',
      'kubernetes: {strategies: {configMap: a/b/c}}\n',
      'g.yaml:1:38: kubernetes.strategies.configMap: is "a/b/c", must be NAMESPACE/NAME; write gthulhu/gthulhu-strategies',
    ],
    [
      'kubelet without https',
      'workloads: {kubelet: {url: 127.0.0.1:10250}}\n',
      'g.yaml:1:28: workloads.kubelet.url: is "127.0.0.1:10250", must be a URL; write https://127.0.0.1:10250',
    ],
    [
      'min over default',
      scheduler('slice_ns_min: 6000000'),
      'g.yaml:2:17: scheduler.slice_ns_min: slice_ns_min (6000000) is greater than slice_ns_default (5000000); make it equal or smaller',
    ],
    [
      'default under min',
      scheduler('slice_ns_default: 400000'),
      'g.yaml:2:21: scheduler.slice_ns_default: slice_ns_min (500000) is greater than slice_ns_default (400000); make it equal or smaller',
    ],
    [
      'kernel_mode against dispatch',
      scheduler('kernel_mode: true\n  dispatch: hybrid'),
      'g.yaml:2:16: scheduler.kernel_mode: contradicts scheduler.dispatch: hybrid; remove kernel_mode, or set dispatch to kernel',
    ],
  ])('%s', (_, text, message) => {
    expect(errorsOf(text)).toEqual([message]);
  });

  test('mode scx and backend fair are refused with their reason', () => {
    const errors = errorsOf('scheduler:\n  mode: scx\n  backend: fair\n');
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatch(/^g.yaml:2:9: scheduler.mode: scx is refused: .*starts no other binary/);
    expect(errors[1]).toMatch(/^g.yaml:3:12: scheduler.backend: fair is refused: not yet in this version/);
  });

  test('all problems are told at once, in file order', () => {
    const errors = errorsOf(
      'scheduler:\n  slice_ns_min: x\n  nonsense: 1\ndebug: 3\nmonitor:\n  prometheus_port: 70000\n',
    );
    expect(errors.map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
      'g.yaml:2:17 scheduler.slice_ns_min',
      'g.yaml:3:3 scheduler.nonsense',
      'g.yaml:4:8 debug',
      'g.yaml:6:20 monitor.prometheus_port',
    ]);
  });

  test.each([
    ['syntax', 'scheduler: [1\n'],
    ['two documents', 'debug: true\n---\ndebug: false\n'],
    ['tab', 'scheduler:\n\tdebug: true\n'],
    ['unknown tag', 'debug: !!thing 3\n'],
  ])('not YAML: %s', (_, text) => {
    const errors = errorsOf(text);
    expect(errors.length).toBeGreaterThan(0);
    for (const line of errors) expect(line).toMatch(/^g\.yaml:\d+:\d+: is not valid YAML: /);
  });

  test('control characters of the file do not reach the terminal', () => {
    expect(errorsOf('"a\\u001b[2J": 1\n').join('')).not.toContain('\u001b');
  });
});

describe('files made to hurt', () => {
  test('too large', () => {
    expect(errorsOf(`#${'x'.repeat(1_048_576)}`)).toEqual(['g.yaml: has 1048577 bytes, at most 1048576 are read']);
  });
  test('nested deeply', () => {
    const errors = errorsOf('['.repeat(20_000));
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThanOrEqual(51);
  });
  test('aliases of aliases are not expanded', () => {
    const levels = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    const errors = errorsOf(`a0: &a0 [x]\n${levels.join('\n')}\n`);
    expect(errors[0]).toContain('unknown key');
  });
  test('an alias to itself', () => {
    expect(errorsOf('scheduler: &s\n  mode: *s\n').join('')).toContain('scheduler.mode');
  });
  test('many aliases', () => {
    const keys = Array.from({ length: 120 }, (_, i) => `? *k\n: ${i}`);
    const problems = problemsOf(`debug: &k true\n${keys.join('\n')}\n`);
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)?.message).toContain('at most 100 are followed');
  });
});

const wanted =
  'write http://HOST:PORT, https://HOST:PORT or unix:///PATH, or leave it empty for the socket of this node';

describe('the API', () => {
  const problemsOf = (text: string): string[] => {
    try {
      parseConfig(text, 'g.yaml');
    } catch (error) {
      return (error as Error).message.split('\n');
    }
    return [];
  };

  test.each([
    ['api: {enabled: true}', []],
    ['api: {enabled: true, url: "http://gthulhu-api:80", public_key_path: ./key.pem, interval: 5}', []],
    ['scheduler: {strategiesFile: /a}\napi: {url: http://a}', []],
    [
      'scheduler: {strategiesFile: /a}\napi: {enabled: true}',
      [
        'g.yaml:1:29: scheduler.strategiesFile: strategies come from the API (api.enabled) or from a file, not from both; remove one of the two',
      ],
    ],
    ['api: {enabled: true, url: gthulhu-api}', [`g.yaml:1:27: api.url: is "gthulhu-api", which is no URL; ${wanted}`]],
    [
      'api: {enabled: true, url: http://a, mtls: {enable: true}}',
      [
        'g.yaml:1:52: api.mtls.enable: needs an api.url that begins with https://',
        'g.yaml:1:52: api.mtls.enable: needs api.mtls.cert_pem and api.mtls.key_pem, as PEM text',
      ],
    ],
    ['agent: {stateFolder: state}', ['g.yaml:1:22: agent.stateFolder: is "state", must be an absolute path']],
  ])('%s', (text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });
});

describe('warnings', () => {
  const warningsOf = (text: string): string[] =>
    parseConfig(text, 'g.yaml').warnings.map((w) => `${w.line}:${w.column} ${w.key}: ${w.message}`);

  test('a key without effect is warned about only when it differs from its default', () => {
    expect(warningsOf('monitor: {enabled: true, prometheus_port: 9090}\napi: {interval: 0}\n')).toEqual([]);
    expect(warningsOf('monitor:\n  enabled: false\n  monitor_all: true\n')).toEqual([
      '2:12 monitor.enabled: is accepted but has no effect yet; remove it, or leave it for later',
      '3:16 monitor.monitor_all: is accepted but has no effect yet; remove it, or leave it for later',
    ]);
  });
  test('enable_fifo belongs to mode simple', () => {
    expect(warningsOf('simple_scheduler: {enable_fifo: true}\n')[0]).toMatch(
      /^1:33 simple_scheduler.enable_fifo: has no effect/,
    );
    expect(warningsOf('simple_scheduler: {enable_fifo: true}\nscheduler: {mode: simple}\n')).toEqual([]);
  });
  test.each([
    [
      'policy: p.ts\n  traceFile: t\n  dispatch: kernel',
      '2:11 scheduler.policy: has no effect with dispatch: kernel, nor has traceFile: no policy is asked; remove it, or let one be asked',
    ],
    ['kernel_mode: true\n  policy: p.ts', /^3:11 scheduler.policy: has no effect with dispatch: kernel: no policy/],
    ['mode: none\n  traceFile: t', /^3:14 scheduler.traceFile: has no effect with mode: none: no policy is asked/],
    ['backend: "off"\n  policy: p.ts', /^3:11 scheduler.policy: has no effect with backend: off: no policy is asked/],
  ])('a policy that nobody asks: %s', (text, warning) => {
    expect(warningsOf(scheduler(text))).toEqual([
      typeof warning === 'string' ? warning : expect.stringMatching(warning),
    ]);
  });
  test('a policy that is asked', () => {
    expect(warningsOf(scheduler('policy: p.ts\n  traceFile: t\n  dispatch: strict'))).toEqual([]);
    expect(warningsOf(scheduler('mode: none'))).toEqual([]);
  });
  test('dispatch kernel knows no order of arrival', () => {
    expect(warningsOf('scheduler: {mode: simple-fifo, kernel_mode: true}\n')[0]).toMatch(
      /^1:19 scheduler.mode: .*never asks/,
    );
  });
});

test.each([
  ['', 'gthulhu'],
  ['scheduler: {mode: simple}', 'simple'],
  ['scheduler: {mode: simple}\nsimple_scheduler: {enable_fifo: true}', 'simple-fifo'],
  ['scheduler: {backend: off}', 'none'],
  ['scheduler: {mode: none}', 'none'],
])('the policy of %j is %s', (text, mode) => {
  expect(effectiveMode(parseConfig(text, 'g.yaml').config)).toBe(mode);
});

test('a list takes the place of the default, and the other keys of its section stay', () => {
  const { workloads } = parseConfig('workloads: {protected: {commands: [sshd]}}', 'g.yaml').config;
  expect(workloads.protected.commands).toEqual(['sshd']);
  expect(workloads.protected.units).toEqual(defaultConfig().workloads.protected.units);
  expect(parseConfig('workloads: {protected: {units: []}}', 'g.yaml').config.workloads.protected.units).toEqual([]);
  expect(errorsOf('workloads: {protected: {units: [1]}}')).toHaveLength(1);
});
