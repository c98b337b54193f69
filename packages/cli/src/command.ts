// SPDX-License-Identifier: Apache-2.0

/** What a command may ask of the one that called it. */
export interface CommandLine {
  /** After the command's name. */
  readonly args: readonly string[];
  /** Of gthulhu. */
  readonly version: string;
  /** Says what is wrong with the command line, and gives the exit code. */
  readonly misused: (message: string) => number;
}

/** @returns the exit code */
export type Command = (line: CommandLine) => Promise<number>;
