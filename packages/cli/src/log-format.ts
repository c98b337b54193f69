// SPDX-License-Identifier: Apache-2.0
import { LOG_FORMATS, type LogFormat } from '@gthulhu/scheduler';

/** What --log-format takes; null for anything else. */
export const readLogFormat = (text: string): LogFormat | null => LOG_FORMATS.find((format) => format === text) ?? null;

export const wrongLogFormat = (text: string): string => `--log-format takes ${LOG_FORMATS.join(' or ')}, not ${text}`;
