// SPDX-License-Identifier: Apache-2.0

/** A text in both languages of the documentation. */
export interface Text {
  readonly en: string;
  readonly 'zh-TW': string;
}

/** Where a configuration key ends up. A key without an effect says so, in the documentation and in a warning. */
export type Effect =
  /** Read-only variable(s) of the BPF object, set before it is loaded. */
  | { readonly to: 'rodata'; readonly names: readonly string[] }
  /** Member(s) of the struct_ops map, set before it is loaded. */
  | { readonly to: 'ops'; readonly names: readonly string[] }
  /** Behaviour of the process in user space. */
  | { readonly to: 'process'; readonly what: Text }
  /** Accepted so that existing files keep working; a value other than the default is warned about. */
  | { readonly to: 'none' };

/** What every configuration key carries beside its JSON schema. */
export interface KeyNotes {
  /** Unit of a number: `ns`, `ms`, `s` or `%`. */
  readonly unit?: string;
  readonly effect: Effect;
  /** One line, English; also the JSON schema description. */
  readonly description: string;
  readonly descriptionZhTw: string;
  /** Values that exist elsewhere but are not taken here, each with the reason. */
  readonly refused?: Readonly<Record<string, string>>;
}

export const rodata = (...names: string[]): Effect => ({ to: 'rodata', names });
export const ops = (...names: string[]): Effect => ({ to: 'ops', names });
export const inProcess = (en: string, zhTw: string): Effect => ({
  to: 'process',
  what: { en, 'zh-TW': zhTw },
});
export const noEffect: Effect = { to: 'none' };
