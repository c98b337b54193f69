// SPDX-License-Identifier: Apache-2.0
import { type ConfigKey, configKeys, type Text } from '@gthulhu/contracts';

type Language = keyof Text;

const KEY_COLUMNS = 40;

/** Text of `gthulhu scheduler --explain`: every key and section with one line. */
export function explainConfig(): string {
  const lines = configKeys.map((key) => `  ${key.path.padEnd(KEY_COLUMNS)} ${key.description.en}`);
  return ['Gthulhu Configuration Keys:', '', ...lines, ''].join('\n');
}

const HEADINGS: Readonly<Record<Language, readonly string[]>> = {
  en: ['Key', 'Default', 'Meaning', 'Effect'],
  'zh-TW': ['鍵', '預設值', '意義', '作用'],
};

const NO_EFFECT: Text = { en: 'accepted, no effect, warned', 'zh-TW': '接受，但沒有作用，會警告' };
const RODATA: Text = { en: 'BPF variable', 'zh-TW': 'BPF 變數' };
const OPS: Text = { en: 'struct_ops field', 'zh-TW': 'struct_ops 欄位' };

function effectCell({ effect }: ConfigKey, language: Language): string {
  if (effect.to === 'process') return effect.what[language];
  if (effect.to === 'none') return NO_EFFECT[language];
  const kind = effect.to === 'rodata' ? RODATA : OPS;
  return `${kind[language]} ${effect.names.map((name) => `\`${name}\``).join(', ')}`;
}

function defaultCell(key: ConfigKey): string {
  if (key.default === '') return '`""`';
  const text = Array.isArray(key.default) ? key.default.join(', ') : String(key.default);
  return `\`${text}\`${key.unit === undefined ? '' : ` ${key.unit}`}`;
}

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** Markdown table of all keys: what each one is by default, means, and sets. Part of the documentation. */
export function effectTable(language: Language): string {
  const rows = configKeys
    .filter((key) => !key.section)
    .map((key) => row([`\`${key.path}\``, defaultCell(key), key.description[language], effectCell(key, language)]));
  return [row(HEADINGS[language]), row(HEADINGS[language].map(() => '---')), ...rows, ''].join('\n');
}
