// SPDX-License-Identifier: Apache-2.0
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { ConfigSchema, configKeys, defaultConfig } from './config.ts';

test('the defaults are valid, and a fresh object each time', () => {
  expect(Value.Check(ConfigSchema, defaultConfig())).toBe(true);
  expect(defaultConfig()).not.toBe(defaultConfig());
  expect(defaultConfig().scheduler).not.toBe(defaultConfig().scheduler);
});

test('the keys of existing installations are all known, with their defaults', () => {
  const known = Object.fromEntries(configKeys.filter((key) => !key.section).map((key) => [key.path, key.default]));
  expect(known).toMatchObject({
    'scheduler.slice_ns_default': 5_000_000,
    'scheduler.slice_ns_min': 500_000,
    'scheduler.mode': 'gthulhu',
    'scheduler.scheduler_name': '',
    'scheduler.kernel_mode': false,
    'scheduler.max_time_watchdog': true,
    'simple_scheduler.enable_fifo': false,
    'monitor.enabled': true,
    'monitor.bpf_object_path': 'sched_monitor.bpf.o',
    'monitor.collection_interval_sec': 10,
    'monitor.monitor_all': false,
    'monitor.stream_events': false,
    'monitor.prometheus_port': 9_090,
    'monitor.enable_crd_watcher': false,
    'monitor.kubeconfig_path': '',
    debug: false,
    early_processing: false,
    builtin_idle: false,
    'api.url': '',
    'api.interval': 0,
    'api.public_key_path': '',
    'api.enabled': false,
    'api.auth_enabled': true,
    'api.mtls.enable': false,
    'api.mtls.cert_pem': '',
    'api.mtls.key_pem': '',
    'api.mtls.ca_pem': '',
  });
});

test('every key has a default, every section has keys only', () => {
  for (const key of configKeys.filter((key) => !key.section)) expect(key.default, key.path).not.toBeUndefined();
  expect(configKeys.filter((key) => key.section).map((key) => key.path)).toEqual([
    'scheduler',
    'simple_scheduler',
    'monitor',
    'api',
    'api.mtls',
    'agent',
    'auth',
    'workloads',
    'workloads.kubelet',
    'workloads.protected',
    'kubernetes',
    'kubernetes.strategies',
  ]);
});
